"""Receives notifications of an HMC with python-zhmcclient.

Usage: zhmcclient_receiver.py HMC_PORT STOMP_PORT CA_FILE USER, with the password on standard input.

Prints one line of JSON: what arrived while a partition was created, started, stopped and deleted; what the console of the
partition said; how the broker refused a wrong password and a topic that does not exist.
"""

import json
import sys
import threading
import time

import zhmcclient

hmc_port, stomp_port, ca_file, user = sys.argv[1:]
password = sys.stdin.read()


def open_receiver(topics, login, passcode):
    config = zhmcclient.StompRetryTimeoutConfig(connect_retries=1)
    return zhmcclient.NotificationReceiver(
        topics, "127.0.0.1", login, passcode, port=int(stomp_port), stomp_rt_config=config, verify_cert=ca_file)


def refusal(topics, login, passcode):
    """Returns the class and the text of the error with which a receiver ends."""
    try:
        for _ in open_receiver(topics, login, passcode).notifications():
            return "a notification"
    except zhmcclient.Error as error:
        return f"{type(error).__name__}: {error}"
    return "the end"


def gather(receiver, until):
    """Collects notifications in the background until one satisfies `until`."""
    found = []

    def run():
        for headers, message in receiver.notifications():
            found.append((dict(headers), message))
            if until(headers, found):
                return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return found, thread


session = zhmcclient.Session("127.0.0.1", user, password, verify_cert=ca_file, port=int(hmc_port))
client = zhmcclient.Client(session)
cpc = client.cpcs.list()[0]
topics = {topic["topic-type"]: topic["topic-name"] for topic in session.get_notification_topics()}

receiver = open_receiver(
    [topics["object-notification"], topics["job-notification"]], session.session_id, session.session_credential)
events, waiting = gather(
    receiver, lambda headers, _: headers["notification-type"] == "inventory-change" and headers["action"] == "remove")

# The first notification shows that the broker has the subscription.
probe = cpc.partitions.create(
    {"name": "probe", "ifl-processors": 1, "initial-memory": 1024, "maximum-memory": 1024})
deadline = time.monotonic() + 60
while not events and time.monotonic() < deadline:
    probe.update_properties({"description": str(time.monotonic())})
    time.sleep(0.05)

partition = cpc.partitions.create(
    {"name": "zhmc", "ifl-processors": 1, "initial-memory": 1024, "maximum-memory": 1024})
partition.update_properties({"boot-device": "test-operating-system"})
partition.start()

channel = partition.open_os_message_channel(include_refresh_messages=True)
said, listening = gather(open_receiver(channel, user, password), lambda headers, _: True)
listening.join(60)

partition.stop()
partition.delete()
waiting.join(60)

print(json.dumps({
    "events": [
        {"type": headers["notification-type"], "class": headers.get("class"), "action": headers.get("action"),
         "number": headers["session-sequence-nr"],
         "status": [report.get("new-status") for report in (message or {}).get("change-reports", [])]}
        for headers, message in events if headers.get("name") != "probe"],
    "said": [[entry["message-text"] for entry in message["os-messages"]] for _, message in said],
    "wrong_password": refusal(topics["job-notification"], user, "wrong"),
    "wrong_topic": refusal("nobody.1", user, password),
}))
session.logoff()
