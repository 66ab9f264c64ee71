"""SUN RGB-D and views of ModelNet40 as miniatures of their authors' copies.

SUN RGB-D as its readme says, in github.com/davidstutz/superpixel-benchmark,
data/SUNRGBD/README.md, its split as github.com/facebookresearch/votenet reads it,
sunrgbd/matlab/extract_split.m, distances as github.com/thusiyuan/cooperative_scene_parsing does,
evaluation/roomlayout/mhUtils/read3dPoints.m; side by side as github.com/QingyangZhang/QMF has it,
RGBD-scene-recognition/data/aligned_conc_dataset.py.
"""

import io
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData
from mindgap.tasks.real.pictures import EfficientNetLite0
from mindgap.tasks.real.sun_rgbd import SPLIT, SunRgbd

Image = pytest.importorskip("PIL.Image")
savemat = pytest.importorskip("scipy.io").savemat


@pytest.fixture(autouse=True)
def pixels(monkeypatch):
    """An encoder whose first features are width, height, and a corner's red, green and blue."""

    def encode(self, content, name):
        with Image.open(io.BytesIO(content)) as opened:
            found = [*opened.size, *opened.convert("RGB").getpixel((0, 0))]
        return np.array(found + [0] * (self.size - 5), dtype=np.float32)

    monkeypatch.setattr(EfficientNetLite0, "encode", encode)
    monkeypatch.setattr(EfficientNetLite0, "modules", ())


def picture(path, colour, size=(4, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def distances(path, mm, size=(4, 3)):
    """16 bits, turned left by three, as the cameras' files are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    turned = ((mm << 3) | (mm >> 13)) & 0xFFFF
    Image.fromarray(np.full(size[::-1], turned, dtype=np.uint16)).save(path)


def cells(names):
    array = np.empty((1, len(names)), dtype=object)
    array[0] = names
    return array


SCENES = {
    "alltrain": ("kitchen", "kitchen", "office", "attic", "office"),
    "alltest": ("office", "kitchen", "kitchen"),
}


@pytest.fixture
def rooms(tmp_path):
    """Samples 0 to 4 for the pool, 5 to 7 for the test set; 1 has no depth, 6 isn't there."""
    folder, lists, number = tmp_path / "copy", {}, 0
    for split, scenes in SCENES.items():
        lists[split] = []
        for scene in scenes:
            sample = folder / f"SUNRGBD/kv2/kinect2data/{number}"
            picture(sample / f"image/{number:07}.jpg", (10 * number, 0, 0))
            distances(sample / f"depth/{number:07}.png", 1000 * number + 1000)
            (sample / "scene.txt").write_text(scene)
            slash = "/" * (number % 2)
            lists[split].append(f"/n/fs/sun3d/data/SUNRGBD/kv2/kinect2data/{number}{slash}")
            number += 1
    (folder / "SUNRGBD/kv2/kinect2data/1/depth/0000001.png").unlink()
    (folder / "SUNRGBD/kv2/kinect2data/6/scene.txt").unlink()
    (folder / SPLIT).parent.mkdir(parents=True)
    savemat(folder / SPLIT, {name: cells(names) for name, names in lists.items()})
    return folder


def test_rooms_come_in_the_official_split_with_distances_as_grey(rooms):
    source = SunRgbd()
    assert (source.card()["pool"], source.card()["test"]) == (4845, 4659)
    assert source.adopt(rooms).startswith(
        "read 6 samples (1 without depth, 1 of other scenes left out, 1 left out: no scene.txt), "
    )
    pool, test = source.split(0)
    assert list(pool.ids) == [f"kv2/kinect2data/{i}" for i in (0, 1, 2, 4)]
    assert list(test.ids) == [f"kv2/kinect2data/{i}" for i in (5, 7)]
    assert [pool.classes[i] for i in pool.labels] == ["kitchen", "kitchen", "office", "office"]
    assert len(pool.classes) == 19
    assert pool.observed.tolist() == [[True, i != 1] for i in range(4)]
    grey = [round(255 * mm / 8000) for mm in (1000, 3000, 5000)]
    assert pool.modalities["depth"][[0, 2, 3], 2].tolist() == grey
    assert test.modalities["depth"][:, 4].tolist() == [round(255 * 6 / 8), 255]
    assert pool.modalities["rgb"][0, :2].tolist() == [4, 3]
    task = source.make(0)
    assert task.shape == source.shape
    assert source.card()["gaps"] == {"depth": 1}


@pytest.fixture
def halves(tmp_path):
    """Two classes of three files a split, 5 pixels wide: two of red and three of blue."""
    for split in ("train", "test"):
        for scene in ("bathroom", "bedroom"):
            for i in range(3):
                path = tmp_path / f"copy/{split}/{scene}/{i}.png"
                picture(path, (0, 0, 100 + i), (5, 3))
                with Image.open(path) as opened:
                    opened.paste((200 + i, 0, 0), (0, 0, 2, 3))
                    opened.save(path)
    return tmp_path / "copy"


def test_pictures_side_by_side_are_cut_at_half_their_width(halves):
    source = SunRgbd()
    assert source.adopt(halves).startswith("read 12 samples, cached in")
    pool, test = source.split(1)
    assert pool.classes == ("bathroom", "bedroom")
    assert list(test.ids)[:2] == ["test/bathroom/0", "test/bathroom/1"]
    assert pool.modalities["rgb"][1, :5].tolist() == [2, 3, 201, 0, 0]
    assert pool.modalities["depth"][1, :5].tolist() == [3, 3, 0, 0, 101]


def test_rooms_that_are_not_as_expected_are_refused(rooms, halves, tmp_path):
    assert halves.is_dir()  # the same folder: the official layout goes first
    depth = rooms / "SUNRGBD/kv2/kinect2data/2/depth/0000002.png"

    def refused(told):
        with pytest.raises(InvalidData, match=told):
            SunRgbd().adopt(rooms)

    picture(depth, (1, 2, 3))
    refused(r"depth/0000002\.png should have distances of 16 bits")
    depth.write_bytes(b"odd")
    refused(r"depth/0000002\.png can't be decoded as a picture")
    depth.unlink()
    picture(rooms / "SUNRGBD/kv2/kinect2data/2/image/other.jpg", (1, 2, 3))
    refused(re.escape("2/image should hold one file *.jpg, but has 2"))
    (rooms / "SUNRGBD/kv2/kinect2data/2/scene.txt").write_bytes(b"\xff")
    refused(r"2/scene\.txt can't be read")
    for names, told in (
        (["kv2/kinect2data/0"], "alltrain has 'kv2/kinect2data/0', expected .../SUNRGBD/..."),
        ([3.0], "alltrain has '3.0', expected"),
        (["/a/SUNRGBD/../../secret"], "the folder 'SUNRGBD/../../secret' is outside the folder"),
        (["/a/SUNRGBD/kv2/kinect2data/0"] * 2, "sample kv2/kinect2data/0 occurs more than once"),
    ):
        savemat(rooms / SPLIT, {"alltrain": cells(names), "alltest": cells([])})
        refused(re.escape(told))
    savemat(rooms / SPLIT, {"alltrain": cells([])})
    refused(r"allsplit\.mat should hold alltest, but has alltrain")
    (rooms / SPLIT).write_bytes(b"odd")
    refused(r"allsplit\.mat can't be read as a MATLAB file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidData, match="SUNRGBD isn't there; a copy of sun_rgbd holds SUNRGBDt"):
        SunRgbd().adopt(tmp_path / "empty")


def test_a_file_that_is_too_narrow_or_no_picture_is_named(halves):
    path = halves / "train/bathroom/0.png"
    picture(path, (0, 0, 0), (1, 1))
    with pytest.raises(InvalidData, match=r"bathroom/0\.png should have two pictures side by side"):
        SunRgbd().adopt(halves)
    path.write_bytes(b"")
    with pytest.raises(InvalidData, match=r"bathroom/0\.png can't be decoded as a picture"):
        SunRgbd().adopt(halves)
