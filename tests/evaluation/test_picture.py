"""The picture: well-formed, to scale, and safe whatever the names are."""

from xml.etree import ElementTree

from evaluation.picture import BOTTOM, HEIGHT, TOP, picture

NS = "{http://www.w3.org/2000/svg}"


def test_it_is_well_formed_and_names_every_model() -> None:
    svg = picture("a <b> & 'c'", "hr@10", {"blend": [0.1, 0.2], "x<y": [None, 0.4]})
    root = ElementTree.fromstring(svg)
    texts = [element.text or "" for element in root.iter(f"{NS}text")]
    assert any("x<y" in text for text in texts)
    assert len(list(root.iter(f"{NS}polyline"))) == 1
    assert len(list(root.iter(f"{NS}circle"))) == 1


def test_values_stand_at_their_height() -> None:
    root = ElementTree.fromstring(picture("t", "hr@10", {"a": [0.0, 0.5, 1.0]}))
    [line] = root.iter(f"{NS}polyline")
    heights = [float(point.split(",")[1]) for point in line.attrib["points"].split()]
    assert heights == [HEIGHT - BOTTOM, (HEIGHT - BOTTOM + TOP) / 2, TOP]


def test_nothing_to_draw_is_still_a_picture() -> None:
    for curves in ({}, {"a": []}, {"a": [None, None]}, {"a": [0.0, 0.0]}):
        ElementTree.fromstring(picture("t", "hr@10", curves))
