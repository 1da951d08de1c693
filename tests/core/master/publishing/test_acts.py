from __future__ import annotations

from asyncluster.core.database.audit import Act
from asyncluster.core.master.publishing.acts import sentence_of, subject_of
from asyncluster.core.master.verbs.table import VERBS

#: Verbs by which something is done.
_ASKING = ("list", "show", "logs", "why", "status", "watch", "report", "compute", "progress", "ready")
_DOING = {verb for verb in VERBS if verb.split()[-1] not in _ASKING}
_DOING -= {"env begin", "env piece"}  # nothing is done before "env sync"

#: What the console has no page for.
_NOWHERE = {"dask client", "env sync", "env use", "env remove"}


def test_who_did_what_is_a_sentence():
    act = Act(0, 1000, "nadia", "user grant", "lena", "30 min")
    assert (sentence_of(act), subject_of(act)) == ("Gave lena 30 min.", "user:lena")


def test_every_act_has_a_subject_that_the_console_can_open():
    for verb in _DOING:
        assert sentence_of(Act(0, 0, "nadia", verb, "lena", "x")) != f"{verb}: lena x"
        assert (":" in subject_of(Act(0, 0, "nadia", verb, "lena"))) == (verb not in _NOWHERE)


def test_who_got_into_dask_is_told_and_nothing_opens():
    act = Act(0, 1000, "nadia", "dask client", "nadia")
    assert (sentence_of(act), subject_of(act)) == ("Got a certificate for Dask.", "")


def test_an_act_of_a_later_release_is_told_as_it_is():
    act = Act(0, 0, "nadia", "printer jam", "p1", "tray 2")
    assert (sentence_of(act), subject_of(act)) == ("printer jam: p1 tray 2", "")
