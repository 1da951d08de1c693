"""The second engine on a node: Dask's workers, under the same rules as the node's own."""
