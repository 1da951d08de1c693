from __future__ import annotations

from asyncluster.core.master.joblogs import HEAD, JOBS, TAIL, JobLogs, Line


def line(text: str, call: int = 1) -> Line:
    return Line(call, "out", "pc1", text)


def test_output_comes_back_in_order_for_a_job_or_one_of_its_calls() -> None:
    logs = JobLogs()
    for text, call in (("a", 1), ("b", 2), ("c", 1)):
        logs.add(7, line(text, call))
    assert [each.text for each in logs.read(7)[0]] == ["a", "b", "c"]
    assert [each.text for each in logs.read(7, call=1)[0]] == ["a", "c"]
    assert logs.read(8) == ([], 0)


def test_of_endless_output_the_beginning_and_the_end_are_kept() -> None:
    logs = JobLogs()
    count = 4 * (HEAD + TAIL) // 1000
    for number in range(count):
        logs.add(7, line(f"{number:<1000}"))
    lines, dropped = logs.read(7)
    kept = sum(len(each.text) for each in lines)
    assert lines[0].text.strip() == "0"
    assert lines[-1].text.strip() == str(count - 1)
    assert kept <= HEAD + TAIL
    assert kept + dropped == count * 1000


def test_only_the_jobs_that_printed_last_are_kept() -> None:
    logs = JobLogs()
    for job in range(JOBS + 1):
        logs.add(job, line("x"))
        logs.add(1, line("still here"))
    assert logs.read(0) == ([], 0)
    assert logs.read(1)[0]
