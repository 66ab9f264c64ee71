"""SUN RGB-D and views of ModelNet40 as miniatures of their authors' copies.

SUN RGB-D as its readme says, in github.com/davidstutz/superpixel-benchmark,
data/SUNRGBD/README.md, its split as github.com/facebookresearch/votenet reads it,
sunrgbd/matlab/extract_split.m, distances as github.com/thusiyuan/cooperative_scene_parsing does,
evaluation/roomlayout/mhUtils/read3dPoints.m; side by side as github.com/QingyangZhang/QMF has it,
RGBD-scene-recognition/data/aligned_conc_dataset.py.

ModelNet40 as github.com/jongchyisu/mvcnn_pytorch reads it, tools/ImgDataset.py (folders, twelve
files an object, an even choice of them), and github.com/nyukat/greedy_multimodal_learning,
src/dataset.py (the object's name ends before `.obj.`).
"""

import io
import re

import numpy as np
import pytest

from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real.copies.modelnet40 import Modelnet40
from mindgap.tasks.real.copies.sun_rgbd import SPLIT, SunRgbd
from mindgap.tasks.real.pictures import EfficientNetLite0

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


@pytest.fixture
def objects(tmp_path):
    """Two classes of three objects a split, each seen from twelve sides; red says which."""
    for c, label in enumerate(("sofa", "chair")):
        for s, split in enumerate(("train", "test")):
            for i in range(3):
                number = 3 * s + i + 1
                for view in range(1, 13):
                    name = f"{label}_{number:04}.obj.shaded_v{view:03}.png"
                    picture(
                        tmp_path / "copy" / label / split / name, (20 * view, number, c), (2, 2)
                    )
    return tmp_path / "copy"


@pytest.mark.parametrize("views", [1, 2, 3, 4, 6, 12])
def test_views_are_modalities_evenly_apart(objects, views):
    name = "modelnet40" if views == 2 else f"modelnet40[views={views}]"
    source = Registry().configure("task", name).build()
    assert source == Modelnet40(views=views)
    assert (source.card()["pool"], source.card()["test"]) == (9843, 2468)
    assert len(source.card()["classes"]) == 40
    assert source.adopt(objects).startswith("read 12 samples, cached in")
    pool, test = source.split(0)
    chosen = list(range(1, 13, 12 // views))
    assert list(pool.modalities) == [f"view{view}" for view in chosen]
    assert pool.classes == ("chair", "sofa")
    assert list(pool.ids)[2:4] == ["train/chair/chair_0003", "train/sofa/sofa_0001"]
    for view in chosen:
        assert (pool.modalities[f"view{view}"][:, 2] == 20 * view).all()
        assert test.modalities[f"view{view}"][:, 3].tolist() == [4, 5, 6] * 2
    task = source.make(0)
    assert task.shape == source.shape
    few = Modelnet40(views=views, missing="mcar") if views > 1 else None
    assert few is None or not few.make(0).pool.observed.all()


def test_views_that_are_not_there_are_missing(objects):
    (objects / "sofa/train/sofa_0001.obj.shaded_v007.png").unlink()
    (objects / "chair/test/chair_0005.obj.shaded_v001.png").unlink()
    for view in (1, 7):
        (objects / f"chair/test/chair_0006.obj.shaded_v{view:03}.png").unlink()
    assert Modelnet40().adopt(objects).split(", cached")[0] == (
        "read 11 samples (1 without view1, 1 without view7, 1 left out: no view1 and no view7)"
    )
    pool, test = Modelnet40().split(0)
    assert pool.observed.tolist() == [[True, i != 3] for i in range(6)]
    assert list(test.ids)[1] == "test/chair/chair_0005"
    assert test.observed[1].tolist() == [False, True]
    assert test.modalities["view7"][1, 2:5].tolist() == [140, 5, 1]


@pytest.mark.parametrize("name", ["cover.png", "sofa_1.obj.shaded_v013.png", "a.obj.x_v000.png"])
def test_files_that_are_no_view_are_refused(objects, name):
    picture(objects / "sofa/train" / name, (0, 0, 0))
    with pytest.raises(InvalidData, match=rf"train/{name} should be called OBJECT\.obj\.shaded_v"):
        Modelnet40().adopt(objects)


def test_other_folders_and_numbers_of_views_are_refused(objects):
    with pytest.raises(InvalidData, match="train isn't there; a copy of modelnet40 holds CLASS/tr"):
        Modelnet40().adopt(objects / "sofa")
    with pytest.raises(MindgapError, match="views"):
        Registry().configure("task", "modelnet40[views=5]")
