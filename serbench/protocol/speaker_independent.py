"""Speaker-independent (``si``): new speakers, by each corpus's own rule."""

from __future__ import annotations

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.errors import ProtocolError
from serbench.protocol.protocol import InflationStyle, Protocol
from serbench.protocol.split import Split


class SpeakerIndependent(Protocol):
    """Test speakers are heard nowhere else; each corpus names its own grouping of speakers."""

    name = "si"
    version = "1"
    summary = (
        "Speaker-independent: nobody who speaks in a test fold speaks in its train or dev part. The grouping is the "
        "corpus's own rule: actor groups (RAVDESS, CREMA-D, synth), one speaker left out (EMO-DB, EMOVO, SAVEE, TESS), "
        "one session left out (IEMOCAP), the official parts (MELD). Dev is the next group in the cycle; where there "
        "are too few speakers for that, a stratified fifth of the clips outside test. A corpus whose official parts "
        "share speakers says so in its split and is shown as diagnostic only."
    )
    ranked = True
    inflation = InflationStyle(30, "circle", "speaker-independent, so nobody who is tested was heard before")

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:
        """Return the folds of the dataset's own rule.

        Raises
        ------
        ProtocolError
            When the rule does not fit what was found on disk, or when it shares speakers and the card does not
            say under ``diagnostic`` what the score is worth.
        """
        rule = dataset.split
        if rule.shares_speakers and not dataset.card.diagnostic:
            raise ProtocolError(
                f"{manifest.dataset}: its split shares speakers between test and train, expected its card to say under "
                f"'diagnostic' what such a score is worth"
            )
        return Split(
            self.name,
            self.version,
            manifest.dataset,
            tuple(rule.folds(manifest)),
            dev_shares_speakers=rule.dev_shares_speakers,
            shares_speakers=rule.shares_speakers,
        )


__all__ = ["SpeakerIndependent"]
