import sys

import pytest

from simcomm.errors import InputError
from simcomm.scenario import ScenarioError, from_mapping, load, load_plugins

LINK = "link: {bandwidth: 100 Gbit/s, latency: 5 us}\nparameters: 10\nworkers: 4\n"
PLUGIN = """
class Mine:
    name = "my_tree"

    def hosts(self, workers, options):
        return workers

    def check(self, workers, options):
        from simcomm.errors import InputError
        for option in options:
            if option != "arity":
                raise InputError(f"unknown option {option!r} of my_tree")
        if workers % 2:
            raise InputError("my_tree needs an even number of workers")
        return dict(options)

tree = Mine()
again = Mine()
number = 5
class Clash:
    name = "all_to_all"
    check = tree.check
clash = Clash()
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a plugin; what is imported from it is forgotten afterwards."""
    before = set(sys.modules)
    (tmp_path / "my_plugin.py").write_text(PLUGIN)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


def refusal(folder, text):
    (folder / "x.yaml").write_text(text + LINK)
    with pytest.raises(ScenarioError) as caught:
        load(folder / "x.yaml")
    return str(caught.value).replace(str(folder / "x.yaml"), "x.yaml")


def test_a_plugin_is_a_collective_of_this_document(folder):
    path = folder / "x.yaml"
    path.write_text("plugins: ['my_plugin:tree']\ncollective: {name: my_tree, arity: 2}\n" + LINK)
    before = list(sys.path)
    document = load(path)
    assert document.plugins == ("my_plugin:tree",)
    assert document.collectives == {"my_tree": sys.modules["my_plugin"].tree}
    assert document.points[0].collective.options == {"arity": 2}
    assert document.files == (folder / "my_plugin.py",)
    assert sys.path == before


def test_the_folder_of_the_scenario_comes_first(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "my_plugin.py").write_text(PLUGIN.replace('"my_tree"', '"my_other"'))
    assert list(load_plugins(["my_plugin:tree"], folder)) == ["my_tree"]
    assert list(load_plugins(["my_plugin:tree"], other)) == ["my_other"]
    assert list(load_plugins(["my_plugin:tree"], folder)) == ["my_tree"]


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ("my_plugin", "'my_plugin' is not a plugin; expected 'module:name', such as 'my_collectives:tree'"),
        (":tree", "':tree' is not a plugin; expected 'module:name', such as 'my_collectives:tree'"),
        ("5", "5 is not a plugin; expected 'module:name', such as 'my_collectives:tree'"),
        ("my_absent:tree", "cannot import 'my_absent': ModuleNotFoundError: No module named 'my_absent'"),
        ("my_broken:tree", "cannot import 'my_broken': SystemExit: 3"),
        ("my_plugin:three", "the module 'my_plugin' has no 'three'"),
        ("my_plugin:number", "'my_plugin:number' is a int; expected a simcomm Collective"),
        ("my_plugin:clash", "'my_plugin:clash' is called 'all_to_all', as a built-in collective is; rename it"),
    ],
)
def test_refuses_with_the_place(folder, plugin, message):
    (folder / "my_broken.py").write_text("raise SystemExit(3)")
    text = f"collective: ring_all_reduce\nplugins: [{plugin if plugin == '5' else repr(plugin)}]\n"
    assert refusal(folder, text) == f"x.yaml:2:11: plugins[0]: {message}"


def test_two_plugins_of_one_name(folder):
    text = "collective: ring_all_reduce\nplugins: ['my_plugin:tree', 'my_plugin:again']\n"
    assert refusal(folder, text) == (
        "x.yaml:2:29: plugins[1]: 'my_plugin:again' is called 'my_tree', as another plugin is; rename one"
    )
    assert list(load_plugins(["my_plugin:tree", "my_plugin:tree"], folder)) == ["my_tree"]


def test_a_plugin_is_known_by_its_nearest_spelling_and_checks_its_options(folder):
    assert "did you mean 'my_tree'?" in refusal(folder, "plugins: ['my_plugin:tree']\ncollective: my_tre\n")
    wrong = refusal(folder, "plugins: ['my_plugin:tree']\ncollective: {name: my_tree, leaves: 2}\n")
    assert wrong == "x.yaml:2:29: collective.leaves: unknown option 'leaves' of my_tree"


def test_what_names_no_option_is_placed_at_the_collective(folder):
    text = "plugins: ['my_plugin:tree']\ncollective: my_tree\nsweep: {{workers: [2, 3, 5]{more}}}\n"
    message = "collective: my_tree needs an even number of workers"
    assert refusal(folder, text.format(more="")) == f"x.yaml:2:13: {message}"
    assert refusal(folder, text.format(more=", collective.arity: [2]")) == f"x.yaml:3:48: {message}"


def test_without_a_place_the_first_problem_is_raised(folder):
    with pytest.raises(InputError, match="has no 'three'"):
        load_plugins(["my_plugin:three"], folder)


def test_a_mapping_looks_from_here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    link = {"bandwidth": "1 GB/s", "latency": "0 s"}
    mapping = {"workers": 2, "parameters": 1, "link": link, "collective": "my_tree", "plugins": ["my_plugin:tree"]}
    assert from_mapping(mapping).points[0].collective.name == "my_tree"
