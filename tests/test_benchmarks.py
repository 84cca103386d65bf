"""The benchmarks: peers pose skgd's objective, and the page is made of the results."""

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sklearn
from batch_gradient import least_reading
from objective import Problem
from optimum import optimum, relative_suboptimality
from peers import PEERS, Peer
from race import TARGETS, Race
from render import FIELD, TEMPLATE, behind, means, page
from report import Figure, Table, in_turn, ratio_figure, resume, save
from results import FOLDER, Results, ratio
from scipy.sparse import csr_matrix

ROOT = Path(__file__).parents[1]
RELEASE = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
RIDGE = next(x for x in PEERS if x.name == "Ridge cholesky")
EXACT = [x for x in PEERS if not x.note or "tried" in x.note]
EXACT = [x for x in EXACT if "SGD" not in x.name and x.package != "scipy"]


def posed(peer):
    """Give a problem for the peer with the first of its losses and penalties."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4))
    z = X @ [1.0, -2.0, 0.5, 0.0] + rng.standard_normal(300) + 1
    loss, penalty = peer.losses[-1], peer.penalties[-1]
    classes = loss in ("log_loss", "squared_hinge", "hinge")
    y = (z > 0.7).astype(int) if classes else z + 3
    X = csr_matrix(X) if peer.sparse_only else X
    return Problem(X, y, loss, penalty, 1e-2)


@pytest.mark.parametrize("peer", EXACT, ids=lambda x: f"{x.name}-{x.losses[-1]}")
def test_benchmark_peer_minimises_the_objective(peer):
    if peer.package != "sklearn" and not peer.installed():
        pytest.skip(f"{peer.package} is not installed")
    if peer.name.endswith("saga") and RELEASE < (1, 8):
        pytest.skip("l1_ratio needs penalty='elasticnet' before scikit-learn 1.8")
    problem = posed(peer)
    best = optimum(problem, keep=False)
    gaps = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tolerances that floating point forbids
        for budget in peer.budgets[:10]:
            model = peer.fit(problem, budget)
            given = isinstance(model, tuple)
            coef, intercept = model if given else (model.coef_, model.intercept_)
            gaps.append(relative_suboptimality(problem, coef, intercept, best))
            if gaps[-1] < 1e-6:
                break
    # the last target of the races, and nobody is better than the optimum
    assert -1e-9 < gaps[-1] < 1e-6


def test_performance_page_is_what_the_results_give():
    made = page(TEMPLATE.read_text("utf-8"), Results(FOLDER))
    assert (ROOT / "docs/performance.md").read_text("utf-8") == made


def test_performance_page_has_every_field_measured():
    results = Results(FOLDER)
    fields = {x for x in FIELD.findall(TEMPLATE.read_text("utf-8")) if "." in x}
    assert fields
    assert {x for x in fields if not results.table(*x.split("."))} == set()


class Options:
    """What a script's command line gives."""

    scale = 1.0

    def __init__(self, path):
        self.json = path


def raced(path, cells):
    """Write results of a race with these ratios to each target."""
    titles = [f"{w} to {x}" for x in ("0.01", "0.0001", "1e-06")
              for w in ("skgd", "best peer", "ratio")]  # fmt: skip
    table = Table("races", "problem", *titles)
    for name, cell in cells.items():
        table.add(name, *["1", "2 other", Figure(cell, [])] * 3)
    save(Options(path / "solvers-raw.json"), {"problems": table})
    return Results(path)


def test_render_means_are_geometric_and_count_cases(tmp_path):
    cells = {"a": "4.00", "b": "1.00", "c": "0.50 BEHIND", "d": "alone"}
    lines = means(raced(tmp_path, cells)).splitlines()
    # the cube root of 4 * 1 * 0.5; a and d are twice as fast or alone, c is behind
    assert lines[2] == "| raw | 0.01 | 4 | 1.26x | 1 | 2 | 1 |"
    assert len(lines) == 2 + 3


def test_render_behind_lists_the_problem_and_the_peer(tmp_path):
    lines = behind(raced(tmp_path, {"a": "4.00", "c": "0.50 BEHIND"})).splitlines()
    assert lines[2:] == ["| raw | c | 1 | 0.50 other | 0.50 other | 0.50 other |"]


def test_render_ratio_of_a_cell_without_number_is_nan():
    assert ratio({"text": "1.25x (1-2)", "raw": []}) == 1.25
    assert np.isnan(ratio("alone"))


def test_report_json_keeps_raw_figures_and_the_table(tmp_path):
    table = Table("title", "name", "ms")
    table.add("a", Figure("1.5", [0.001, 0.0015, 0.002]))
    path = tmp_path / "one.json"
    save(Options(path), {"key": table})
    assert json.loads(path.read_text())["tables"]["key"]["rows"][0][1]["raw"] == [
        *(0.001, 0.0015, 0.002)
    ]
    made = page("{{one.key}}", Results(tmp_path))
    assert made == "\n".join(table.lines)


def test_report_resumes_with_the_rows_of_a_file(tmp_path):
    tables = {"key": Table("title", "name", "ms")}
    tables["key"].add("a", Figure("1.5", [0.001, 0.0015, 0.002]))
    save(Options(tmp_path / "one.json"), tables)
    again = {"key": Table("title", "name", "ms")}
    resume(tmp_path / "one.json", again)
    assert again["key"].rows == tables["key"].rows


def test_race_keeps_the_first_budget_that_reaches_a_target():
    problem = posed(RIDGE)
    exact = RIDGE.fit(problem, 1e-12)
    best = optimum(problem, keep=False)

    def shifted(problem, budget):  # F is quadratic: the gap grows with the square
        return exact.coef_ * (1 + budget), exact.intercept_

    peer = Peer("shifted", "numpy", (), (), shifted, (1.0, 1e-1, 1e-2, 1e-3, 1e-4))
    one = Race(peer, problem, best)
    one.search(limit=60.0)
    gaps = {budget: one.attempt(budget)[0] for budget in peer.budgets}
    for target, budget in one.budgets.items():
        earlier = [gap for other, gap in gaps.items() if other > budget]
        assert gaps[budget] <= target < min(earlier)
    assert set(one.budgets) == set(TARGETS)


def test_race_takes_no_model_that_is_better_than_the_optimum():
    problem = posed(RIDGE)
    best = optimum(problem, keep=False)
    model = RIDGE.fit(problem, 1e-12)
    raised = replace(best, value=best.value + 1e-3 * best.range)
    peer = Peer("same", "numpy", (), (), lambda *_: model)
    one = Race(peer, problem, raised)
    one.search(limit=60.0)
    assert "below F*" in one.error
    assert one.budgets == {}


def test_reading_counts_three_reads_of_squared_error_and_two_an_epoch():
    X = np.ones((1000, 125))  # a million bytes
    assert least_reading(X, "squared_error", 1, 1e9).raw == [0.003]
    assert least_reading(X, "log_loss", 4, 1e9).raw == [0.01]


def test_report_table_refuses_a_row_of_another_length():
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Table("title", "name", "ms").add("a")


def test_report_calls_take_turns():
    calls = []
    seconds = in_turn(lambda: calls.append(0), lambda: calls.append(1), repeats=2)
    assert calls == [0, 1, 0, 1]
    assert seconds.shape == (2, 2)


def test_report_ratio_is_the_median_of_the_turns():
    figure = ratio_figure([2.0, 9.0, 4.0], [1.0, 3.0, 1.0])
    assert figure.raw == [2.0, 3.0, 4.0]
    assert figure.text.startswith("3x (")


def test_plots_are_drawn_of_the_results(tmp_path):
    pytest.importorskip("matplotlib", reason="plots are drawn with matplotlib")
    from plots import PLOTS, draw

    draw(Results(FOLDER), tmp_path)
    assert {x.stem for x in tmp_path.iterdir()} == set(PLOTS)


@pytest.mark.slow
def test_benchmarks_run_quickly_from_one_command(tmp_path):
    folder = tmp_path / "benchmarks"
    command = [sys.executable, ROOT / "benchmarks/run.py", "--quick"]
    command += ["--only", "small_fits", "--results", folder]
    subprocess.run(command, check=True, capture_output=True)
    assert json.loads((folder / "small_fits.json").read_text())["scale"] == 0.1
    assert "| 20 x 3 | GDRegressor() |" in (tmp_path / "performance.md").read_text()
