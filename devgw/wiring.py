"""The only file that constructs: what the gateway is made of, and the order in which it starts and stops."""
