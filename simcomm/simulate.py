from simcomm.simulation import simulate_point  # noqa
