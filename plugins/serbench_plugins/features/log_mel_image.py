"""Log-mel spectra of some seconds as a picture of one size, for networks that look at pictures."""

from __future__ import annotations

from serbench.api import BatchedFeatureExtractor, FeatureCard
from serbench_plugins.features.spectra import MelSettings, log_mel


class LogMelImage(BatchedFeatureExtractor):
    """Segments of a clip's mel spectrum as channels of an image, float32 (segments, height, width) in [0, 1].

    1 is the clip's loudest value, 0 what lies ``top_db`` or more below it, and what lies past the end of a short clip;
    silence is 0 throughout. Rows are bands, the lowest first; columns are frames. By default the segments of arXiv
    2102.01813: 128 bands, 50 ms every 25 ms, 2 s in 81 frames. The picture of MFHCA (arXiv 2404.13509) is near to
    ``win_length=640, n_fft=800, hop_length=160, seconds=3, height=256, width=384``; its windows are Hamming's, these
    Hann's.

    Parameters
    ----------
    n_mels
        Mel bands, Slaney's scale and norm.
    n_fft, win_length, hop_length
        In samples; ``win_length`` None: as long as ``n_fft``.
    seconds
        Length of a segment: 1 + seconds x 16,000 // hop_length frames.
    segments
        How many, spread evenly from the clip's start to its end; a single one is of its middle. Of a clip that is
        shorter than a segment all are the same.
    height, width
        To which a segment is scaled, linearly between pixels; None: its bands, its frames.
    top_db
        See above.
    """

    card = FeatureCard(
        name="log-mel-image",
        version="1",
        summary="2 s of 128 mel bands as a grey picture",
        sample_rate=16_000,
        output="image",
    )

    def __init__(
        self,
        *,
        n_mels: int = 128,
        n_fft: int = 800,
        win_length: int | None = None,
        hop_length: int = 400,
        seconds: float = 2.0,
        segments: int = 1,
        height: int | None = None,
        width: int | None = None,
        top_db: float = 80.0,
    ) -> None:
        self.n_mels = n_mels
        self.n_fft = n_fft
        self.win_length = win_length
        self.hop_length = hop_length
        self.seconds = seconds
        self.segments = segments
        self.height = height
        self.width = width
        self.top_db = top_db

    def extract_batch(self, waves, lengths):
        import torch

        names = ("n_mels", "n_fft", "win_length", "hop_length", "top_db")
        settings = {name: value for name, value in self.params.items() if name in names}
        frames, counts = log_mel(waves, lengths, MelSettings(sample_rate=self.card.sample_rate, **settings))
        size = 1 + round(self.seconds * self.card.sample_rate) // self.hop_length
        images = frames.new_zeros((len(counts), self.segments, self.n_mels, size))
        for image, clip in zip(images, torch.split(frames, counts), strict=True):
            if len(clip):
                grey = self._grey(clip).T  # (n_mels, t)
                for segment, start in zip(image, self._starts(len(clip), size), strict=True):
                    cut = grey[:, start : start + size]
                    segment[:, : cut.shape[1]] = cut
        scaled = (self.height or self.n_mels, self.width or size)
        if scaled != (self.n_mels, size):
            images = torch.nn.functional.interpolate(images, size=scaled, mode="bilinear", align_corners=False)
        return images, lengths

    def _grey(self, clip):
        """Return levels in dB, (t, n_mels), as shares of the range below the loudest; silence, which has none, as 0."""
        loudest = clip.amax()
        return ((clip - loudest) / self.top_db + 1) * (loudest > clip.amin())

    def _starts(self, count: int, size: int) -> list[int]:
        """Return the first frame of each segment of a clip of ``count`` frames."""
        spare = max(0, count - size)
        shares = [0.5] if self.segments == 1 else [each / (self.segments - 1) for each in range(self.segments)]
        return [round(share * spare) for share in shares]


__all__ = ["LogMelImage"]
