"""The hooks: the manual for authors of plugins.

A plugin is a module (or a package) named by an entry point of the group ``serbench``::

    [project.entry-points.serbench]
    my-plugin = "my_package"

It implements any of the hooks below, each marked with ``@hookimpl``. Hooks are generators of classes; the
core judges names, finds conflicts and says which two packages collide. A misspelt hook is refused.

A module may say for which major version of ``serbench.api`` it was made: ``SERBENCH_API = 1``. One that was made for
another is refused in one line; one that says nothing counts as made for version 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from serbench.corpus.dataset import Dataset
    from serbench.features.extractor import FeatureExtractor
    from serbench.learning.augmentation import Augmentation
    from serbench.learning.model import Model
    from serbench.plugin.events import JobEvent
    from serbench.scoring.metric import Metric

PROJECT = "serbench"

#: Major and minor version of what plugins see: the names of ``serbench.api``, the contracts, the hooks. The major is
#: raised when a plugin that worked may stop working, the minor when something is added.
API_VERSION = (1, 0)

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def serbench_datasets() -> Iterable[type[Dataset]]:
    """Yield dataset classes; called once, when the registry is built.

    Example
    -------
    ::

        from serbench.api import Dataset, DatasetCard, LeaveOneSpeakerOut, Utterance, hookimpl

        class Mine(Dataset):
            card = DatasetCard(
                name="mine", version="1", summary="our recordings", labels=("angry", "calm"),
                language="eng", licence="in-house", cite="unpublished", obtain="ask the lab", folders=("mine",))
            split = LeaveOneSpeakerOut()

            def utterances(self, root):
                for path in self.recordings(root):                  # mine/anna/angry-01.wav
                    label, _, take = path.stem.partition("-")
                    yield Utterance(id=f"{path.parent.name}-{path.stem}", path=path.relative_to(root).as_posix(),
                                    speaker=path.parent.name, label=label)

        @hookimpl
        def serbench_datasets():
            yield Mine
    """
    raise NotImplementedError


@hookspec
def serbench_features() -> Iterable[type[FeatureExtractor]]:
    """Yield feature extractor classes; called once, when the registry is built.

    A feature of what is said derives from ``TextExtractor``, with a ``TextCard`` and ``extract_text(self, text)``.

    Example
    -------
    ::

        import numpy as np
        from serbench.api import FeatureCard, FeatureExtractor, hookimpl

        class Energy(FeatureExtractor):
            card = FeatureCard(name="energy", version="1", summary="mean level in dB",
                               sample_rate=16_000, output="vector")

            def extract(self, wave):                                # float32 (samples,)
                return np.array([10 * np.log10(np.mean(wave**2) + 1e-10)], dtype=np.float32)

        @hookimpl
        def serbench_features():
            yield Energy
    """
    raise NotImplementedError


@hookspec
def serbench_augmentations() -> Iterable[type[Augmentation]]:
    """Yield augmentation classes; called once, when the registry is built.

    Example
    -------
    ::

        from serbench.api import Augmentation, AugmentationCard, hookimpl

        class Louder(Augmentation):
            card = AugmentationCard(name="louder", version="1", summary="gain of up to 6 dB")

            def apply(self, wave, sample_rate, rng):
                return wave * rng.uniform(1, 2)

        @hookimpl
        def serbench_augmentations():
            yield Louder
    """
    raise NotImplementedError


@hookspec
def serbench_models() -> Iterable[type[Model]]:
    """Yield model classes; called once, when the registry is built.

    Example
    -------
    ::

        from serbench.api import Model, ModelCard, Predictions, hookimpl

        class LogReg(Model):
            card = ModelCard(name="my-logreg", version="1", summary="linear baseline", features=("mfcc-stats",))

            def fit(self, train, dev, *, seed):
                from sklearn.linear_model import LogisticRegression
                self.fitted_ = LogisticRegression(max_iter=2000).fit(train.x, train.y)
                return self

            def predict(self, test):
                return Predictions(test.ids, self.fitted_.predict_proba(test.x), tuple(self.fitted_.classes_))

        @hookimpl
        def serbench_models():
            yield LogReg
    """
    raise NotImplementedError


@hookspec
def serbench_metrics() -> Iterable[Metric]:
    """Yield metrics; called once, when the registry is built. They are computed for every cell.

    Example
    -------
    ::

        from serbench.api import Figure, Metric, MetricCard, hookimpl

        def error_rate(truth, scores):
            return Figure(float((truth != scores.argmax(1)).mean()))

        @hookimpl
        def serbench_metrics():
            yield Metric(MetricCard(name="error-rate", version="1", summary="share of wrong rows",
                                    better="lower", lowest=0, highest=1), error_rate)
    """
    raise NotImplementedError


@hookspec
def serbench_job_event(event: JobEvent) -> None:
    """Watch the run: called when a cell starts, ends, fails or is skipped; the return value is ignored.

    An observer that raises is reported once and never ends a run.

    Example
    -------
    ::

        from serbench.api import hookimpl

        @hookimpl
        def serbench_job_event(event):
            print(event.kind, event.cell, event.seconds)
    """


__all__ = [
    "API_VERSION",
    "PROJECT",
    "hookimpl",
    "hookspec",
    "serbench_augmentations",
    "serbench_datasets",
    "serbench_features",
    "serbench_job_event",
    "serbench_metrics",
    "serbench_models",
]
