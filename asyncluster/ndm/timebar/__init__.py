"""The time bar: what is left of a person's time, warnings, and messages of operators, in the person's own session.

It only shows. Closing, killing or freezing it changes nothing about the session; the node daemon starts it again.
"""
