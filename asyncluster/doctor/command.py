"""`asyncluster doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

import click

from asyncluster.core.commands.asking import json_option, print_json
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.config import Surroundings, find
from asyncluster.core.errors import ExitCode
from asyncluster.doctor.findings import Finding, Severity

_SIGNS = {Severity.OK: ("✓", "green"), Severity.WARNING: ("!", "yellow"), Severity.PROBLEM: ("✗", "red")}


@click.command
@json_option
@pass_options
def doctor(options: GlobalOptions, as_json: bool) -> None:
    """Tells what is wrong or unsafe on this machine, and the fix.

    It changes nothing. Run it as root to have everything looked at. The exit code is 1 if there is a problem;
    warnings leave it 0.
    """
    from asyncluster.doctor.examination import examine

    here = Surroundings.here()
    findings = list(examine(find(options.config, here), here))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings, quiet=options.quiet)
    if any(finding.severity is Severity.PROBLEM for finding in findings):
        raise click.exceptions.Exit(ExitCode.PARTLY)


def _print(findings: Sequence[Finding], *, quiet: bool) -> None:
    shown = [finding for finding in findings if finding.severity is not Severity.OK or not quiet]
    for topic, group in groupby(shown, key=lambda finding: finding.topic):
        click.secho(topic, bold=True)
        for finding in group:
            sign, colour = _SIGNS[finding.severity]
            word = click.style(f"{sign} {finding.severity.value:<8}", fg=colour)
            click.echo(f"  {word} {finding.message}")
            if finding.fix:
                click.echo(f"             → {finding.fix}")
    if not quiet:
        click.echo(_sum(findings))


def _sum(findings: Sequence[Finding]) -> str:
    counts = {severity: sum(finding.severity is severity for finding in findings) for severity in Severity}
    words = [f"{counts[Severity.PROBLEM]} problem{'s' * (counts[Severity.PROBLEM] != 1)}"]
    words.append(f"{counts[Severity.WARNING]} warning{'s' * (counts[Severity.WARNING] != 1)}")
    return f"{', '.join(words)}, {counts[Severity.OK]} ok"
