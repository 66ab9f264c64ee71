"""report.html: complete, honest, self-contained, and safe whatever the names are."""

import html
import os
import re
import subprocess
import sys
import time
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from analysis.planted_results import card, failure, plant, run, study

from mindgap.errors import MindgapError
from mindgap.report import write
from mindgap.report.page import render

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></svg><svg onload=alert(1)>",
    "_$\\frac{a}{b}$ x^2_",
    "$unclosed",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:' style='x",
    "a" * 200,
    "\x1b[31mred\x00 \u202etxet",
    "文字 🙂",
)
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Tags, attributes and text of a page, and whether its tags are balanced."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.open = Counter(), [], [], []
        self.feed(text)
        self.close()
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)


def assert_harmless(page):
    """No script, no handler, nothing fetched, every link within the page, ids unique."""
    assert page.open == []
    assert not {"script", "img", "iframe", "object", "link", "foreignobject"} & page.tags.keys()
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert not name.startswith("xmlns")
        assert name != "src"
        if name in ("href", "xlink:href"):
            assert value.startswith("#")
            assert value[1:] in ids
        for target in re.findall(r"url\(([^)]*)\)", value):
            assert target[1:] in ids
        assert "://" not in value


def simple(folder, strategies=("random", "a"), seeds=3, asked=None, cards=(), **more):
    records = [
        r
        for i, name in enumerate(strategies)
        for s in range(seeds)
        for r in run(name, s, [0.5, 0.6 + 0.01 * i + 0.003 * s * i, 0.7], **more)
    ]
    return plant(folder, records, asked, cards)


def test_the_realistic_page(realistic_page):
    assert os.listdir(realistic_page.parent) == ["report.html"]
    text = realistic_page.read_text("utf-8")
    page = Page(text)
    assert_harmless(page)
    (policy,) = [v for tag, name, v in page.attributes if v.startswith("default-src")]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert "script" not in policy
    # every figure has a caption, a title and a sentence that says what it shows
    figures = text.count("<figure>")
    assert figures == text.count("<figcaption><b>") == text.count("<desc") > 3 * 5
    assert figures == text.count('role="img"')
    assert text.count("<svg") == figures + text.count('<svg class="key')
    assert ">Learning curves on miss_base</title>" in text
    assert re.search(
        r"Accuracy after 450 labels from 0\.\d+ \(entropy\) to 0\.\d+ \(coreset\)", text
    )


def test_the_summary_says_what_is_planted(realistic_page):
    said = Page(realistic_page.read_text("utf-8")).text
    assert "of 25 comparisons of AUBC with random" in said
    assert re.search(r"miss_mcar_sym: better: [^;]*coreset \(\+0.0\d\d\)", said)
    assert re.search(r"worse: entropy \(−0.0\d\d\)", said)
    assert re.search(
        r"diff_nonlin_red, after 450 labels: x2 is used at 0\.1\d of what the truth prescribes",
        said,
    )
    assert re.search(r"on its control int_redundant at 0\.9\d: difference −0\.8\d \(\[−0.", said)
    assert re.search(r"the highest mean accuracy is 0\.\d+ \(coreset\), 0\.0\d\d below Bayes", said)
    assert re.search(
        r"miss_mcar_sym: 50 % of the pool lack a modality; of what entropy chose 8", said
    )
    assert "2 runs failed" in said
    assert "4 of 9 rounds: not compared" in said
    assert "150 runs" not in said
    assert "149 runs with results, 148 complete" in said


def test_150_runs_take_seconds_and_give_the_same_bytes_again(realistic, realistic_page):
    start = time.process_time()
    again = render(realistic).encode()
    assert time.process_time() - start < 4
    assert again == realistic_page.read_bytes()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_do_nothing(tmp_path, name):
    metrics = {("shapley", name): [0.1] * 3, ("utilisation", name): [0.1] * 3}
    metrics |= {("accuracy_only", name): [0.1] * 3, ("kappa", name): [0.1] * 3}
    metrics |= {("accuracy", f"pattern:{name}"): [0.5] * 3}
    task = f"task {name}"
    hostile = card(
        task,
        summary=name,
        pitfall=name,
        control=name,
        modalities={name: [3], "x2": [4]},
        classes=[name],
        patterns={f"{name}+x2": 0.5, name: 0.5},
        source=name,
    )
    hostile["truth"] = {
        "bayes_accuracy": {name: 0.9},
        "bayes_natural": 0.9,
        "shapley": {name: 0.3},
        "bits": [{"name": name, "groups": [name], "majority": 0.5, "bayes": {}}],
        "method": name,
    }
    records = [
        r
        for strategy in ("random", name)
        for seed in range(2)
        for r in run(
            strategy,
            seed,
            [0.5, 0.6, 0.7 + seed / 50],
            task,
            name,
            metrics=metrics,
            id=f"{strategy}{seed}",
            chosen=[name],
            family=name,
        )
    ]
    records.append(failure(name, 9, task, name, error=name, traceback=name))
    asked = {**study([task, name], ["random", name]), "name": name}
    results = plant(tmp_path, records, asked, [hostile])
    text = render(results)
    page = Page(text)
    assert_harmless(page)
    shown = "".join("\ufffd" if c in "\x1b\x00\u202e" else c for c in name)
    assert shown in "".join(page.texts)
    assert "49" not in page.texts
    assert "\x1b" not in text
    assert "\x00" not in text
    drawn = [
        html.unescape(label)
        for label in re.findall(r"<text(?! class=.n)[^>]*>([^<]*)</text>", text)
    ]
    assert max(map(len, drawn)) < 30
    if len(name) <= 24:
        assert shown in drawn


def rows_of(text):
    """Table rows as text, cells parted by bars."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", text, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [
        " | ".join(" ".join(html.unescape(re.sub("<[^>]*>", " ", c)).split()) for c in row)
        for row in cells
    ]


def test_tables_say_what_was_measured(tmp_path):
    """Two seeds: a t interval reaches 12.706 times half of the distance between them."""
    records = []
    for task, levels in (("hard", (0.1, 0.14)), ("easy", (0.9, 0.96))):
        for name, gain in (("random", (0, 0)), ("a", (0.1, 0.1002))):
            for s in range(2):
                metrics = {
                    ("macro_f1", "natural"): [0.5, 0.55],
                    ("utilisation", "x2"): [0, levels[s]],
                }
                metrics |= {("kappa", "U1"): [0, 0.5], ("accuracy", "pattern:x2"): [0, 0.4]}
                more = {
                    "metrics": metrics,
                    "task": task,
                    "family": "easy",
                    "chosen": ["x1", "x1+x2"],
                }
                records += run(name, s, [0.4, 0.6 + gain[s]], **more)
    shares = {"x1+x2": 0.7, "x1": 0.3}
    cards = [
        card("easy"),
        card("hard", pitfall="p", control="easy", family="easy", patterns=shares),
    ]
    rows = rows_of(render(plant(tmp_path, records, cards=cards)))
    assert "random | 2 | 0.500 |  |  | 0.600 −0.300 | 0.550 | needs 100 2 of 2" in rows
    interval = "[+0.049, +0.051]"
    numbers = f"a | 2 | 0.550 | +0.050 ▲ {interval} | <0.001 <0.001 | 0.700 −0.200 | 0.550"
    # 0.4 to 0.7, straight: 0.6 is reached after a third less of the way
    assert f"{numbers} | +17 2 of 2" in rows
    assert f"hard pitfall | +0.050 ▲ {interval}, p < 0.001, 2 seeds | 2" in rows
    assert f"easy control | +0.050 ▲ {interval}, p < 0.001, 2 seeds | 2" in rows
    assert "100 | 0.600 | 0.700 ▲ +0.100" in rows
    assert "utilisation | 1.00 | 0.12 ±0.25 control 0.93 | 0.12 ±0.25 control 0.93" in rows
    assert "U1 | 1.00 | 0.50 ±0.00 control 0.50 | 0.50 ±0.00 control 0.50" in rows
    assert "Bayes | 0.900 | 0.800" in rows
    assert "a (2 seeds) | 0.700 ±0.001 | 0.400 ±0.000" in rows
    assert "hard | concat | a | 4 | 0.250 | 0.500 | 0.750" in rows


def test_warnings_of_the_folder_are_shown(tmp_path):
    results = simple(tmp_path)
    (tmp_path / "rounds").mkdir()
    (tmp_path / "rounds" / "x.parquet").write_bytes(b"PAR1")
    from mindgap.study.store import Store

    said = Page(render(Store(tmp_path).read())).text
    assert "1 warning about the results folder" in said
    assert "x.parquet is damaged" in said
    assert results.warnings == []


def test_one_seed_says_so(tmp_path):
    said = Page(render(simple(tmp_path, seeds=1))).text
    assert "One seed only: no bands, intervals or tests" in said
    assert "a test needs at least two seeds" in said
    assert "no interval: 1 seed" in said
    assert "significantly better" not in said


def test_without_random_there_are_no_differences(tmp_path):
    said = Page(text := render(simple(tmp_path, ["a", "b"]))).text
    assert "No random strategy was measured on t" in said
    assert "minus random" not in said
    assert "AUBC difference" not in said
    assert "Learning curves on t" in text


def test_random_alone_has_nothing_to_be_compared_with(tmp_path):
    said = Page(render(simple(tmp_path, ["random"]))).text
    assert "Only random was measured" in said


def test_a_single_measurement_says_so(tmp_path):
    records = [r for s in range(2) for n in ("random", "a") for r in run(n, s, [0.5 + s / 10])]
    said = Page(render(plant(tmp_path, records))).text
    assert "Measured once, before any strategy chose" in said
    assert "+0.000" in said


def test_several_learners_are_kept_apart(tmp_path):
    records = [
        r
        for learner, level in (("concat", 0.5), ("late", 0.3))
        for name in ("random", "a")
        for s in range(3)
        for r in run(name, s, [level, level + 0.1 + s / 100], learner=learner)
    ]
    text = render(plant(tmp_path, records, cards=[card("t")]))
    page = Page(text)
    assert_harmless(page)
    assert "t (concat)" in page.text
    assert "t (late)" in page.text
    assert "learner late" in page.text
    assert text.count("Learning curves on t (") >= 2


def test_different_seeds_are_pointed_out(tmp_path):
    records = [r for s in range(4) for r in run("random", s, [0.5, 0.6 + s / 50])]
    records += [r for s in range(3) for r in run("a", s, [0.5, 0.7])]
    said = Page(render(plant(tmp_path, records, study(seeds=4, rounds=1)))).text
    assert "Strategies rest on different seeds (3 to 4, see the table)" in said
    assert "3 no finished round" in said


def test_all_runs_failed(tmp_path):
    asked = study(["t"], ["random"], 1)
    results = plant(tmp_path, [failure("random", 0, traceback="Traceback: <b>")], asked)
    page = Page(render(results))
    assert_harmless(page)
    assert "1 run failed" in page.text
    assert "Traceback: <b>" in page.text
    assert "nothing measured" in page.text


def test_no_card_no_study_no_test_set(tmp_path):
    records = run("random", 0, [0.5, 0.6]) + run("a", 0, [0.5, 0.6])
    for record in records:
        record["metrics"] = []
    page = Page(render(plant(tmp_path, records)))
    assert_harmless(page)
    assert "The folder holds no description of this task" in page.text
    assert "No accuracy was measured: the task has no test set" in page.text
    assert "The folder names no study" in page.text


def test_an_empty_folder(tmp_path):
    page = Page(render(plant(tmp_path, [])))
    assert_harmless(page)
    assert "Nothing was measured" in page.text


def test_only_runs_of_one_name(tmp_path):
    records = [r for i in "ab" for r in run("random", 0, [0.5, 0.6], id=i)]
    said = Page(render(plant(tmp_path, records))).text
    assert "No run can be compared" in said
    assert "several runs of this name" in said


def test_what_cannot_be_written_is_said(tmp_path):
    results = simple(tmp_path)
    with pytest.raises(MindgapError, match=r"report\.html can't be written: No such file"):
        write(tmp_path / "nowhere", results)


def test_matplotlib_settings_of_the_user_change_nothing(tmp_path):
    import matplotlib

    results = simple(tmp_path)
    before = render(results)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "text.usetex": True}):
        assert render(results) == before
        assert matplotlib.rcParams["font.size"] == 30


def test_the_page_is_written_without_torch(tmp_path):
    simple(tmp_path)
    code = (
        "import sys; from pathlib import Path; from mindgap.study.store import Store\n"
        "from mindgap.report import table, write; folder = Path(sys.argv[1])\n"
        "print('matplotlib' in sys.modules)\n"
        "table(Store(folder).read()); write(folder, Store(folder).read())\n"
        "print('torch' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["False"] * 3
    assert (tmp_path / "report.html").is_file()


def test_the_claims_stand_above_with_their_reasons(tmp_path):
    rng = np.random.default_rng(0)
    records, cards = [], []
    for i in range(3):
        hard, easy = f"hard{i}", f"easy{i}"
        cards += [card(hard, family=easy, pitfall="p", control=easy), card(easy)]
        for task, used in ((hard, 0.4), (easy, 1.0)):
            for seed in range(5):
                metrics = {
                    ("utilisation", "x1"): [1.0],
                    ("utilisation", "x2"): [used * np.exp(rng.normal(0, 0.02))],
                }
                records += run("random", seed, [0.8], task, metrics=metrics)
    page = render(plant(tmp_path, records, cards=cards))
    assert 'href="#claims"' in page
    assert "(C1): supported; on average over pitfalls it is more than in their controls." in page
    assert "one modality is neglected, more than in the control" in page
    assert "no unimodal strategy was measured" in page


def test_strategies_are_ranked_over_tasks(tmp_path):
    records = [
        record
        for task in ("t", "u")
        for seed in range(3)
        for name, area in (("random", 0.5), ("badge", 0.6))
        for record in run(name, seed, [area + 0.01 * seed * (1 + (name == "badge"))], task)
    ]
    page = render(plant(tmp_path, records, cards=[card("t"), card("u")]))
    assert "2 tasks" in page
    assert "are too few" in page
    table = page[page.index('id="ranking"') :]
    table = table[table.index("mean rank</th>") :]
    assert table.index(">badge</th>") < table.index(">random</th>")
    assert "<td>1.00</td><td>0.620</td><td>0.00</td><td>1.00</td>" in table
