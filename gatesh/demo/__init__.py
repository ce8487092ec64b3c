"""The demonstration: the incident that gatesh exists for, with real programs on the loopback interface."""
