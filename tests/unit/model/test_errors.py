"""The tree of errors is the one its module draws."""

import inspect

from harness import errors


def test_the_drawing_is_the_tree() -> None:
    drawing = (errors.__doc__ or "").splitlines()
    parents = {"HarnessError": "Exception"}
    path = ["HarnessError"]
    for line in drawing:
        if "── " not in line:
            continue
        name = line.partition("── ")[2].split()[0]
        depth = (line.index("──") - 1) // 4 + 1
        path[depth:] = [name]
        parents[name] = path[depth - 1]
    classes = [item for item in vars(errors).values() if inspect.isclass(item)]
    assert {item.__name__: item.__bases__[0].__name__ for item in classes} == parents
