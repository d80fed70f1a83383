"""The product as a black box: its processes, its database server, its API."""
