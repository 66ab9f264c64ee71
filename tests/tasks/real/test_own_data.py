"""Tables and arrays of one's own: what they become, and every way in which they are refused."""

import csv
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch
from PIL import Image
from scipy.io import wavfile
from typer.testing import CliRunner

from mindgap.cli import app
from mindgap.errors import InvalidData, MindgapError
from mindgap.registry import Registry
from mindgap.tasks.real import contents, manifest
from mindgap.tasks.real.own_data import from_arrays, keep, names
from mindgap.tasks.real.table import Asked

HEAD = ["id", "label", "photo", "title", "accel.1", "accel.2"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDGAP_CACHE", str(tmp_path / "cache"))


def rows(n=24):
    """Every fourth without a photo, every third without a title, the last two without a label."""
    return [
        [
            f"s{i}",
            "ab"[i % 2] if i < n - 2 else "",
            f"{i}.png" if i % 4 else "",
            f"title {i % 2}" if i % 3 or not i % 4 else "",
            str(i),
            "0.5",
        ]
        for i in range(n)
    ]


def write(folder, table, head=HEAD, name="pool.csv"):
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *table])
    for row in table:
        for cell in row:
            if cell.endswith(".png") and "/" not in cell:
                Image.new("RGB", (5, 7), "red").save(folder / cell)
    return folder / name


def refused(path, **settings):
    with pytest.raises(InvalidData) as caught:
        manifest.read(path, Asked(**settings))
    return str(caught.value)


def test_a_table_becomes_a_data_set_like_any_other(tmp_path):
    path = write(tmp_path, rows())
    told = CliRunner().invoke(app, ["prepare", "--manifest", str(path), "--as", "mine"])
    assert told.exit_code == 0, told.output
    assert "24 samples, 22 with a label" in told.output
    assert "2 without a label stay out" in told.output
    assert "mine" in CliRunner().invoke(app, ["ls", "datasets"]).output
    source = Registry().configure("task", "mine").build()
    task = source.make(0)
    assert source.shape.modalities == {"photo": (3, 32, 32), "title": (256,), "accel": (2,)}
    assert len(task.pool) == source.pool_size == 16
    assert len(task.test) == 6
    everyone = [*task.pool.ids, *task.test.ids]
    assert sorted(everyone) == sorted(f"s{i}" for i in range(22))
    for part in (task.pool, task.test):
        for i, sample in enumerate(part.ids):
            number = int(sample[1:])
            expected = [bool(number % 4), bool(number % 3) or not number % 4, True]
            assert part.observed[i].tolist() == expected
            assert int(part.labels[i]) == number % 2
    gaps = (~np.concatenate([task.pool.observed, task.test.observed])).sum(axis=0)
    assert source.card()["gaps"] == {"photo": gaps[0], "title": gaps[1]}
    again = Registry().configure("task", "mine").build().make(1)
    assert again.pool.ids.tolist() != task.pool.ids.tolist()
    withheld = Registry().configure("task", "mine[missing=mcar, rate=0.3]").build().make(0)
    assert withheld.pool.observed.sum() < task.pool.observed.sum()


def test_a_parquet_table_says_the_same(tmp_path):
    path = write(tmp_path, rows())
    table = manifest._columns(path)
    numbers = {n: pa.array([float(c) for c in table[n].to_pylist()]) for n in HEAD[4:]}
    for name, column in numbers.items():
        table = table.set_column(table.column_names.index(name), name, column)
    pa.parquet.write_table(table, tmp_path / "pool.parquet")
    one, other = (manifest.read(tmp_path / f"pool.{kind}")[0] for kind in ("csv", "parquet"))
    for name, x in one.modalities.items():
        np.testing.assert_array_equal(x, other.modalities[name])
    assert one.labels.tolist() == other.labels.tolist()


def test_groups_stay_whole_and_a_given_split_stays(tmp_path):
    table = [[*row, f"g{i // 3}"] for i, row in enumerate(rows(60))]
    keep("grouped", manifest.read(write(tmp_path, table, [*HEAD, "group"]))[0])
    group = {row[0]: row[-1] for row in table}
    for seed in range(5):
        task = Registry().configure("task", "grouped").build().make(seed)
        pool, test = ({group[i] for i in part.ids} for part in (task.pool, task.test))
        assert not pool & test
        assert (len(task.pool), len(task.test)) == (34, 11)
    table = [[*row, "test" if i < 6 else "pool"] for i, row in enumerate(rows())]
    keep("given", manifest.read(write(tmp_path, table, [*HEAD, "split"]))[0])
    task = Registry().configure("task", "given").build().make(3)
    assert sorted(task.test.ids) == sorted(f"s{i}" for i in range(6))
    table = [[*row, "pool"] for row in rows()]
    keep("untested", manifest.read(write(tmp_path, table, [*HEAD, "split"]))[0])
    assert Registry().configure("task", "untested").build().make(0).test is None


def test_what_is_read_can_be_chosen(tmp_path):
    path = write(tmp_path, rows())
    own, told = manifest.read(path, Asked(modalities=["title", "accel"]))
    assert list(own.modalities) == ["title", "accel"]
    assert told[:2] == ["columns left out: photo", "read as texts: title"]
    assert "title has one text for each class, so it tells the label" in told[2]
    changed = [[*row[:3], row[3].replace("1", str(i)), *row[4:]] for i, row in enumerate(rows())]
    assert len(manifest.read(write(tmp_path, changed))[1]) == 1
    assert "unknown modality 'titel'" in refused(path, modalities=["titel"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ((3, 0, "s1"), "id 's1' occurs more than once"),
        ((3, 0, ""), "row 4 has no id"),
        ((3, 1, "c"), "label 'c' is seen once"),
        ((1, 2, "../1.png"), "sample 's1' names '../1.png', which is outside the folder"),
        ((1, 2, "/etc/1.png"), "outside the folder"),
        ((3, 1, "c" * 300), "the label 'cccccccccccccccccccccccccccccccccccccccc' has 300 charact"),
        ((3, 1, "\x1b[31m"), "has a control character"),
        ((1, 2, "nowhere/1.png"), "sample 's1': nowhere/1.png: No such file"),
        ((1, 2, "a word"), "column 'photo' holds .png files, but also 'a word'"),
        ((1, 4, "much"), "sample 's1' has 'much' in column 'accel.1', expected a finite number"),
        ((1, 4, "nan"), "sample 's1' has 'nan' in column 'accel.1'"),
        ((1, 4, "inf"), "sample 's1' has 'inf'"),
        ((1, 5, ""), "sample 's1' has nothing in column 'accel.2'"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path, change, told):
    table = rows()
    row, column, value = change
    table[row][column] = value
    assert told in refused(write(tmp_path, table))


def test_a_path_that_no_file_can_have(tmp_path):
    path = write(tmp_path, rows())
    path.write_text(path.read_text().replace("1.png", "1\0.png", 1))
    assert "sample 's1' names '1\\x00.png', which can't be a path" in refused(path)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    outside = tmp_path / "outside.png"
    Image.new("RGB", (2, 2)).save(outside)
    inside = tmp_path / "inside"
    inside.mkdir()
    path = write(inside, rows())
    (inside / "1.png").unlink()
    (inside / "1.png").symlink_to(outside)
    assert "outside the folder" in refused(path)


def test_a_wrong_table_is_named(tmp_path):
    assert "no column 'label'" in refused(write(tmp_path, [["a", "1"]], ["id", "x"]))
    assert "no sample has a label" in refused(
        write(tmp_path, [["a", "", "1"]], ["id", "label", "x"])
    )
    assert "columns 'x', 'x.1' would be one" in refused(
        write(tmp_path, [["a", "b", "1", "2"]], ["id", "label", "x", "x.1"])
    )
    assert "two columns 'x'" in refused(write(tmp_path, rows(), ["id", "label", *"xxyz"]))
    (tmp_path / "latin.csv").write_bytes("id,label,x\na,é,1\n".encode("latin-1"))
    assert "isn't UTF-8" in refused(tmp_path / "latin.csv")
    (tmp_path / "ragged.csv").write_text("id,label,x\na,b,1\nc,d\n")
    assert "no table that can be read: CSV parse error" in refused(tmp_path / "ragged.csv")
    (tmp_path / "not.parquet").write_text("no")
    assert "no table that can be read" in refused(tmp_path / "not.parquet")
    with pytest.raises(MindgapError, match="there is no file"):
        manifest.read(tmp_path / "nothing.csv")


def test_unreadable_files_are_listed_and_skipped_only_if_told_to(tmp_path):
    table = [[*row[:2], f"{i}.wav", row[4]] for i, row in enumerate(rows())]
    path = write(tmp_path, table, ["id", "label", "voice", "x"])
    for i in range(24):
        wavfile.write(tmp_path / f"{i}.wav", 8000, np.zeros(4000 if i != 5 else 0, np.int16))
    (tmp_path / "6.wav").write_bytes(b"RIFF")
    told = refused(path)
    assert "2 files can't be read" in told
    assert "sample 's5': 5.wav is a sound of zero length" in told
    assert "sample 's6': 6.wav is no WAV file" in told
    own, unreadable = manifest.read(path, Asked(skip_unreadable=True))
    assert len(unreadable) == 2
    assert own.observed[[5, 6, 7], 0].tolist() == [False, False, True]
    path = write(tmp_path, rows())
    (tmp_path / "1.png").write_bytes(b"\x89PNG no")
    assert "sample 's1': 1.png is no image that can be decoded" in refused(path)
    assert "(it is none of PNG, JPEG" in refused(path)


def saved(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def waves(samples, rate=8000):
    file = io.BytesIO()
    wavfile.write(file, rate, samples)
    return file.getvalue()


#: The header of an array of 8 TB, and nothing behind it.
HUGE = saved(np.zeros(1)).replace(b"(1,), }           ", b"(1000000000000,), }")[:-8]


@pytest.mark.parametrize(
    ("ending", "content", "told"),
    [
        ("wav", waves(np.full(4000, np.nan, np.float32)), "a sample that is no finite number"),
        ("wav", waves(np.zeros(4000, np.int16), rate=10), "has 10 samples a second, expected 100"),
        ("wav", waves(np.zeros(4000, np.int16))[:4000], "cut off: it says it has 8,044 bytes, and"),
        ("npy", saved(np.full(3, 1e300)), "has to hold finite numbers of 32 bits"),
        ("npy", HUGE, "is no .npy file of numbers"),
        ("npy", saved(np.array([{}]), allow_pickle=True), "is no .npy file of numbers"),
    ],
    ids=["nan", "slow", "cut", "large", "huge", "pickle"],
)
def test_files_that_decode_and_are_nothing(tmp_path, ending, content, told):
    table = [[*row[:2], f"0.{ending}", row[4]] for row in rows()]
    path = write(tmp_path, table, ["id", "label", "file", "x"])
    (tmp_path / f"0.{ending}").write_bytes(content)
    assert told in refused(path)


def test_sounds_of_eight_bits_are_what_they_are_in_sixteen():
    samples = np.random.default_rng(0).integers(-100, 100, 4000)
    eight, sixteen = (samples + 128).astype(np.uint8), (samples * 256).astype(np.int16)
    np.testing.assert_allclose(
        contents.sound(waves(eight)), contents.sound(waves(sixteen)), rtol=1e-4, atol=1e-4
    )


def test_a_sound_written_to_a_pipe_does_not_know_its_length():
    whole = waves(np.arange(4000, dtype=np.int16))
    piped = whole[:4] + b"\xff\xff\xff\xff" + whole[8:40] + b"\xff\xff\xff\xff" + whole[44:]
    np.testing.assert_array_equal(contents.sound(piped), contents.sound(whole))


def test_pictures_of_sixteen_bits_and_pictures_that_lie_on_their_side():
    def file(image, ending, **options):
        image.save(content := io.BytesIO(), ending, **options)
        return content.getvalue()

    grey = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)
    seen = contents.image(file(Image.fromarray(grey), "PNG"))
    np.testing.assert_allclose(seen[0], grey / 65535, atol=1 / 255)
    wide = Image.new("RGB", (64, 32))
    wide.paste("white", (0, 0, 32, 32))
    turned = wide.getexif()
    turned[0x0112] = 6  # to be shown turned to the right by a quarter
    seen = contents.image(file(wide, "JPEG", exif=turned))
    assert seen[0, 0].mean() > 0.9 > 0.1 > seen[0, -1].mean()


def test_a_hundred_thousand_rows(tmp_path):
    table = [[str(i), "ab"[i % 2], str(i * 0.5), "1"] for i in range(100_000)]
    path = write(tmp_path, table, ["id", "label", "x.1", "x.2"])
    own, _ = manifest.read(path)
    keep("large", own)
    assert len(Registry().configure("task", "large").build().make(0).pool) == 70_000


def test_arrays_from_python():
    rng = np.random.default_rng(0)
    x, y = rng.random((40, 3)), rng.random((40, 6, 2))
    x[:7] = np.nan
    labels = [None, *(i % 3 for i in range(39))]
    own = from_arrays("arrays", {"x": x, "y": y}, labels, groups=[i // 2 for i in range(40)])
    assert own.observed[:, 0].tolist() == [False] * 7 + [True] * 33
    assert names() == ["arrays"]
    task = Registry().configure("task", "arrays").build().make(0)
    assert task.pool.modalities["y"].shape[1:] == (6, 2)
    assert torch.isfinite(task.pool.modalities["x"][task.pool.observed[:, 0]]).all()
    x[20, 1] = np.inf
    with pytest.raises(InvalidData, match="sample '20' has a value in 'x' that isn't finite"):
        from_arrays("arrays", {"x": x}, labels)
    with pytest.raises(InvalidData, match=r"modality 'x' has shape \(39, 3\)"):
        from_arrays("arrays", {"x": x[1:]}, labels)


FOUR = {"x": np.arange(8.0).reshape(4, 2)}


@pytest.mark.parametrize(
    ("arrays", "labels", "more", "told"),
    [
        ({}, "abab", {}, "there is no modality"),
        ({"x": [[1], [1, 2], [3], [4]]}, "abab", {}, "modality 'x' is no array"),
        ({"x": FOUR["x"] * 1j}, "abab", {}, "modality 'x' holds complex128, expected numbers"),
        ({"x": FOUR["x"] * 1e300}, "abab", {}, "sample '0' has a value in 'x' that isn't finite"),
        (FOUR, np.eye(4), {}, r"labels are of shape \(4, 4\), expected \(4,\)"),
        (FOUR, "abab", {"ids": "abc"}, "ids are of shape"),
        (FOUR, "abab", {"groups": [1, 1, 2, None]}, "sample 3 has no group, but others have"),
        (FOUR, "abab", {"groups": [1, 1]}, "groups are of shape"),
        (FOUR, "abab", {"split": ["pool"] * 3 + ["train"]}, "pool or test .* not 'train'"),
    ],
)
def test_arrays_that_do_not_fit(arrays, labels, more, told):
    labels, more = (list(labels) if isinstance(labels, str) else labels), dict(more)
    with pytest.raises(InvalidData, match=told):
        from_arrays("mine", arrays, labels, **{k: list(v) for k, v in more.items()})


def test_a_modality_that_nobody_could_learn_from_is_refused():
    lacking = np.arange(8.0).reshape(8, 1)
    lacking[:4] = np.nan
    arrays = {"x": np.ones((8, 1)), "y": lacking}
    with pytest.raises(InvalidData, match="no sample with a label has the modality 'y'"):
        from_arrays("mine", arrays, [*"abab", *[None] * 4])
    with pytest.raises(InvalidData, match="no sample of the pool with a label has the modality"):
        from_arrays("mine", arrays, list("abababab"), split=["pool"] * 4 + ["test"] * 4)
    from_arrays("mine", arrays, list("abababab"), split=["test"] * 4 + ["pool"] * 4)


def test_labels_of_a_tensor_are_its_numbers():
    own = from_arrays("mine", FOUR, torch.tensor([0, 1, 0, 1]), groups=torch.arange(4))
    assert own.classes == ("0", "1")


@pytest.mark.parametrize("name", ["htad", "int_redundant"])
def test_a_name_that_is_taken(name):
    with pytest.raises(MindgapError, match="there is a task"):
        from_arrays(name, {"x": np.zeros((4, 1))}, [0, 1, 0, 1])


@pytest.mark.parametrize("name", ["", "../x", "My", "a-b", "1a"])
def test_a_name_that_is_none(name):
    with pytest.raises(MindgapError, match="can't be called"):
        from_arrays(name, {"x": np.zeros((4, 1))}, [0, 1, 0, 1])


def test_one_modality_cannot_be_withheld():
    from_arrays("mine", {"x": np.random.default_rng(0).random((8, 2))}, [0, 1] * 4)
    with pytest.raises(MindgapError, match="mine has one modality, which has to stay"):
        Registry().configure("task", "mine[missing=mcar]").build()


def test_another_content_is_another_version():
    texts = []
    for shift in (0, 1):
        from_arrays("mine", {"x": np.arange(8)[:, None] + shift}, [0, 1] * 4)
        texts.append(Registry().configure("task", "mine").identity)
    assert texts[0] != texts[1]
