"""Neutron's side of nova-dpm: the ML2 mechanism driver `dpm`."""
