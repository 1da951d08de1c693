"""The second engine: a scheduler of Dask Distributed beside the built-in dispatcher, supervised by the master."""
