import { startSimulator } from 'nova-dpm/simulator';

await using simulator = await startSimulator({ machine: 'z13' });
await using manager = await simulator.openManager();

const server = await manager.create({ name: 'web1', vcpus: 2, memoryMib: 4096, volumes: [{ volumeId: 'boot-1' }] });
console.log(`${server.name} is ${server.status} in partition ${server.partition}`);
for (const path of server.volumes.flatMap(({ paths }) => paths)) {
  console.log(`device ${path.device_number}: ${path.initiator_wwpn} -> ${path.target_wwpn}, LUN ${path.lun}`);
}
await manager.delete('web1');
