"""Auto descent: the optimum, without a learning rate."""
