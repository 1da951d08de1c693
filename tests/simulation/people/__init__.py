"""People on the same bad day: who sits where, what the master's books say of it, and what the clocks show.

The real transactions (`master.leases`, and by them `people.sessions` and `people.budget`) run on a database in memory;
nodes, wires and clocks are simulated. A node ends a session at its deadline by a clock that nobody sets, as a
session's keeper does. Next to it runs the truth: seconds that somebody really sat there.

    budget    nobody sits for longer than a day's quota, whatever was pulled, killed or set; but for the minute in
              which the network may keep a node from hearing that its person has logged in elsewhere
    lease     no session goes on past the promise that its node holds
    books     healed, every session is listed for no longer than it was and charged for no less, but for what a power
              cut kept from everybody
    overlap   the sessions that are listed of one person follow each other, and none ends before it begins
    stuck     healed, no session is open any more
    failure   no transaction is refused by the database
"""
