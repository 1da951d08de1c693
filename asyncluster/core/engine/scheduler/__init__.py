"""The process of Dask's scheduler: a child of the master, with an account of its own where root can give it one."""
