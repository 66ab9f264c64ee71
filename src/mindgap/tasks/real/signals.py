"""Plain statistics and spectra of sensors and sounds, for those who want no network."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.fft import dct

#: Per axis: mean, deviation, minimum, maximum, mean absolute step, and power in 8 bands.
PER_AXIS = 13
BANDS = 8

#: Coefficients, and statistics of each over the frames of a sound.
COEFFICIENTS, OVER_FRAMES = 20, 7
FLOOR = 1e-10


def sensor_statistics(
    windows: Float[np.ndarray, "N T axes"],
) -> Float[np.ndarray, "N features"]:
    """13 numbers an axis: moments, extremes, mean step, log power in 8 bands of equal width."""
    centred = windows - windows.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(centred, axis=1))[:, 1:] ** 2
    bands = [band.sum(axis=1) for band in np.array_split(power, BANDS, axis=1)]
    features = [
        windows.mean(axis=1),
        windows.std(axis=1),
        windows.min(axis=1),
        windows.max(axis=1),
        np.abs(np.diff(windows, axis=1)).mean(axis=1),
        *(np.log(band + FLOOR) for band in bands),
    ]
    return np.concatenate(features, axis=1).astype(np.float32)


def mfcc_statistics(sound: Float[np.ndarray, " T"], rate: int) -> Float[np.ndarray, " features"]:
    """20 mel-frequency cepstral coefficients (Davis & Mermelstein 1980), 7 numbers of each.

    Mean, deviation, minimum and maximum over all frames of 25 ms, and the means of the first,
    second and last third.
    """
    size, hop = int(0.025 * rate), int(0.010 * rate)
    padded = np.pad(sound, (0, max(0, size + 2 * hop - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hamming(size)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / size
    mel = np.log(power @ _mel_bank(power.shape[1], rate).T + FLOOR)
    cepstrum = dct(mel, axis=1, norm="ortho")[:, :COEFFICIENTS]
    thirds = [third.mean(axis=0) for third in np.array_split(cepstrum, 3)]
    whole = [f(axis=0) for f in (cepstrum.mean, cepstrum.std, cepstrum.min, cepstrum.max)]
    return np.concatenate([*whole, *thirds]).astype(np.float32)


def in_noise(
    sound: Float[np.ndarray, " T"], snr: float, rng: np.random.Generator
) -> Float[np.ndarray, " T"]:
    """White noise added, of a power that is `snr` dB below the mean power of the sound."""
    deviation = float(np.sqrt(np.mean(sound**2) / 10 ** (snr / 10)))
    return sound + deviation * rng.standard_normal(len(sound))


def _mel_bank(n_bins: int, rate: int, n_filters: int = 40) -> Float[np.ndarray, "filters bins"]:
    """Triangles that are equally wide in mel, 2595 log10(1 + f/700)."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, n_filters + 2) / 2595) - 1)
    bins = np.linspace(0, rate / 2, n_bins)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    return np.clip(np.minimum(rising, falling), 0, None)
