"""Many people at once: does everybody get an answer, and his own?

    python benchmarks/app_load.py                  # 50 sessions, the bundled checkpoint
    python benchmarks/app_load.py --sessions 10

The app runs in a process of its own. Each session uploads one of the sample exams and asks a list
of conditions that no other asks; what it must be told is worked out beforehand. Printed are
failures, answers that are not the session's own, the time to an answer (all begin at once, so it
is mostly waiting), beside that of one session alone, and the server's memory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from app_served import served

sys.path.insert(0, str(Path(__file__).parents[1]))

from cmrclip_lite import load, read_study  # noqa: E402
from cmrclip_lite.bundled import sample_studies  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402

ASKED = 4  # conditions a session
CLOSE = 1e-4  # of a similarity: one person's answer differs from another's by far more
PATIENCE_S = 900


@dataclass
class Session:
    """What one person does, and what he must be told."""

    exam: Path
    conditions: list[str]
    expected: list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=50)
    arguments = parser.parse_args()
    sessions = prepared(arguments.sessions)
    with served() as (url, process, _):
        ask(url, sessions[0])  # what a server does once only
        alone = [ask(url, sessions[0])[0] for _ in range(3)]
        rest = memory_mb(process, "VmRSS")
        with ThreadPoolExecutor(len(sessions)) as threads:
            answers = list(threads.map(lambda session: ask(url, session), sessions))
        peak = memory_mb(process, "VmHWM")
        ask(url, sessions[0])
        after = memory_mb(process, "VmRSS")
    times = np.array([seconds for seconds, _ in answers])
    wrong = sum(told == "another's" for _, told in answers)
    failed = [told for _, told in answers if told not in ("own", "another's")]
    print(f"sessions at once: {len(sessions)}, on {os.cpu_count()} cores")
    print(f"failed: {len(failed)}, not their own: {wrong}")
    for told in dict.fromkeys(failed):
        print(f"  {told}")
    print(
        f"seconds to an answer: alone {np.median(alone):.2f}; at once median "
        f"{np.median(times):.1f}, 95 % {np.percentile(times, 95):.1f}, longest {times.max():.1f}, "
        f"or {times.max() / (np.median(alone) * len(sessions)):.2f} of so many one after another"
    )
    print(f"server's memory, MB: at rest {rest:.0f}, at most {peak:.0f}, afterwards {after:.0f}")
    raise SystemExit(1 if failed or wrong else 0)


def prepared(count: int) -> list[Session]:
    """Sessions no two of which ask the same of the same exam."""
    model = load(cache=False)
    exams = list(sample_studies().values())
    embedded = [model.encode_study(read_study(path)) for path in exams]
    labels = [CONDITIONS[key].label for key in model.config.conditions]
    rng = np.random.default_rng(0)
    sessions = []
    for i in range(count):
        chosen = [labels[k] for k in rng.choice(len(labels), ASKED, replace=False)]
        scores = model.score(embedded[i % len(exams)], chosen)
        sessions.append(Session(exams[i % len(exams)], chosen, [s.similarity for s in scores]))
    return sessions


def ask(url: str, session: Session) -> tuple[float, str]:
    """Seconds to an answer; "own", "another's", or what went wrong."""
    start = time.perf_counter()
    with httpx.Client(base_url=f"{url}/gradio_api", timeout=PATIENCE_S) as client:
        upload = {"files": (session.exam.name, session.exam.read_bytes())}
        path = client.post("/upload", files=upload).raise_for_status().json()[0]
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        data = {"data": [[file], "\n".join(session.conditions)]}
        call = client.post("/call/score", json=data).json()
        if "event_id" not in call:
            return time.perf_counter() - start, f"refused: {call}"
        answer = client.get(f"/call/score/{call['event_id']}").text
    took = time.perf_counter() - start
    if "event: complete" not in answer:
        return took, answer.strip()[-200:]
    told = json.loads(answer.rsplit("data: ", 1)[1])[0]["scores"]
    own = [s["condition"] for s in told] == session.conditions and np.allclose(
        [s["similarity"] for s in told], session.expected, atol=CLOSE
    )
    return took, "own" if own else "another's"


def memory_mb(process: int, name: str) -> float:
    """A figure of /proc (Linux), such as VmRSS, in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"This system does not tell {name}.")


if __name__ == "__main__":
    main()
