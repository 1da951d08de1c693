"""What an environment is: a set of wheels with their hashes, which a node puts beneath the jobs that ask for it.

Nothing here knows a clock, a database or a network. Nodes unpack wheels in `asyncluster.ndm.environments`.
"""
