"""What there is to learn: data, scenarios with known truth, real data sets, missingness."""

from mindgap.tasks.data import MultimodalData
from mindgap.tasks.task import Task, TaskShape, TaskSource

__all__ = ["MultimodalData", "Task", "TaskShape", "TaskSource"]
