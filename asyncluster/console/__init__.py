"""The operator's window: a mirror of the master, and a way to ask it to act.

state/     what is shown and how it is said: mirror, order, search, words, actions     (no Qt, no Twisted)
parts/     what pages are made of: table, tiles, bars, plots, chips
pages/     one model and one view each
dialogs/   what asks for something more: confirmation, palette, forms
link.py    the connection to the master                                                (Twisted)
window.py  navigation, top bar, the pages in their places
program.py puts it together
"""
