from attune_core.catalog.circles import circles
from attune_core.catalog.load import load
from tests.core.catalog.memory_tree import MemoryTree, tree_of_folder
from tests.core.catalog.test_cases import CASES

Node = tuple[str, str]


def found(edges: str) -> list[str]:
    """Return the circles of a graph written as `ab bc`, each as its nodes."""
    graph: dict[Node, list[Node]] = {}
    for edge in edges.split():
        graph.setdefault(("", edge[0]), []).append(("", edge[1]))
        graph.setdefault(("", edge[1]), [])
    return sorted("".join(name for _, name in circle) for circle in circles(graph))


def test_each_group_has_its_shortest_circle_through_its_smallest_node() -> None:
    assert found("ab bc cd") == []
    assert found("ab ba") == ["ab"]
    assert found("cb ba ac") == ["acb"]
    assert found("ab bc ca bd da ba") == ["ab"]
    assert found("ab ba bc cd dc de") == ["ab", "cd"]
    assert found("xa ab bc cb cx") == ["abcx"]


def test_a_graph_as_deep_as_it_is_long_needs_no_recursion() -> None:
    size = 50_000
    graph: dict[Node, list[Node]] = {("", f"{number:05}"): [("", f"{(number + 1) % size:05}")] for number in range(size)}
    (circle,) = circles(graph)
    assert len(circle) == size
    assert circle[0] == ("", "00000")


def test_a_long_loop_is_shown_by_its_ends() -> None:
    files = dict(tree_of_folder(CASES / "base").files)
    for number in range(40):
        files[f"packs/web/actions/step{number}.yaml"] = b"description: x\nrun: [systemctl]\n"
        text = (
            f"description: x\ntrigger: web.step{number}.completed\naction: web.step{(number + 1) % 40}\nagents: {{match: {{role: web}}}}\n"
        )
        files[f"rules/r{number:02}.yaml"] = text.encode()
    (problem,) = load(MemoryTree(files)).problems
    assert problem.path == "rules/r00.yaml"
    assert "rule rules.r09 → action web.step10 → trigger web.step10.completed → 29 more rules → rule rules.r39" in problem.message
    assert len(problem.message) < 1000
