"""Every action as a command line that the real command accepts, and what it says before and after."""

from __future__ import annotations

import shlex

import click
import pytest
from support.lab import Lab

from asyncluster.__main__ import asyncluster
from asyncluster.console.state import actions, openings
from asyncluster.console.state.actions import Action, Request

LAB = Lab()
LENA, MARIA, ERIK = (LAB.people[name] for name in ("lfischer", "mkoval", "eholm"))
PC01, PC07 = LAB.nodes["pc01"], LAB.nodes["pc07"]
FIT, DOCK = LAB.jobs[214], LAB.jobs[209]


def parsed(line: str) -> dict[str, object]:
    """The parameters that the command line takes from a line."""
    program, *arguments = shlex.split(line)
    assert program == "asyncluster"
    command: click.Command = asyncluster
    context = click.Context(command)
    while isinstance(command, click.Group):
        name, found, arguments = command.resolve_command(context, arguments)
        assert found is not None, name
        command = found
    return command.make_context(command.name, list(arguments)).params


@pytest.mark.parametrize(
    "action",
    [
        actions.drain([PC01, PC07]),
        actions.resume([PC01]),
        actions.cancel([FIT, DOCK]),
        actions.renice([FIT, DOCK], 12),
        actions.grant([LENA, MARIA], 30),
        actions.message([LENA], 'Room\'s closing; "now" $(reboot)\nsorry'),
        actions.kick([LENA]),
        actions.enable([LENA], on=False),
        actions.enable([ERIK], on=True),
        actions.restrict([LENA], on=True),
        actions.restrict([LENA], on=False),
        actions.quota([LENA, ERIK], 4.5, None),
        actions.password(LENA, "a secret password"),
        actions.add_person("new", "a secret password", 4.0, None, restricted=False),
        actions.delete([LENA]),
        openings.saving(openings.Week(), openings.Week().painted(3, 32400, 64800, is_open=True)),
        openings.saving(openings.Week().painted(3, 32400, 86400, is_open=True), openings.Week()),
    ],
    ids=lambda action: action.label,
)
def test_each_action_is_a_command_that_exists(action: Action):
    for request in [*action.requests, *(action.undo.requests if action.undo else ())]:
        params = parsed(request.command)
        for value in request.arguments.values():
            if isinstance(value, str) and value != "a secret password":
                assert value in params.values()


def test_a_password_is_in_no_command_and_in_no_repr():
    for action in (
        actions.password(LENA, "hunter2hunter2"),
        actions.add_person("x", "hunter2hunter2", 1, 2, restricted=True),
    ):
        assert "hunter2" not in action.command
        assert "hunter2" not in repr(action)


def test_an_act_upon_many_names_them_and_asks_for_each():
    action = actions.grant([LENA, MARIA], 60)
    assert action.label == "Give Lena Fischer and Maria Koval 1 h today"
    assert [request.arguments["name"] for request in action.requests] == ["lfischer", "mkoval"]


def test_what_cannot_be_undone_asks_and_names_its_targets():
    for action in (
        actions.kick([LENA]),
        actions.cancel([FIT]),
        actions.delete([LENA]),
        actions.enable([LENA], on=False),
    ):
        assert action.question is not None
        assert action.undo is None
        assert any(name in action.question.title for name in ("Lena Fischer", "spectra-fit"))
    many = actions.cancel([FIT, DOCK]).question
    assert many is not None
    assert "214 spectra-fit and 209 protein-dock" in many.text


def test_undo_brings_back_what_was():
    renicing = actions.renice([FIT, DOCK], 3)
    assert renicing.undo is not None
    assert [dict(request.arguments) for request in renicing.undo.requests] == [
        {"numbers": [214], "niceness": 10},
        {"numbers": [209], "niceness": 15},
    ]
    hours = actions.quota([LENA], None, 1).undo
    assert hours is not None
    assert dict(hours.requests[0].arguments) == {"name": "lfischer", "daily_hours": 4.0, "weekly_hours": 20.0}
    assert actions.drain([PC01]).undo == actions.resume([PC01]).__class__(
        "Resume pc01", (Request("node resume", {"names": ["pc01"]}),), "pc01 takes calls again."
    )


def test_disabling_somebody_who_is_not_there_can_be_undone_and_needs_no_question():
    action = actions.enable([ERIK], on=False)
    assert action.question is None
    assert action.undo is not None
    assert action.undo.requests[0].verb == "user enable"
