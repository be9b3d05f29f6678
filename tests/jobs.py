"""The queue as a test sees it: what waits, and a worker that runs it now."""

from importlib import import_module

from django_q.models import OrmQ


class Jobs:
    """Jobs that wait in the database's queue."""

    def names(self) -> list[str]:
        """The dotted names of the waiting jobs, oldest first."""
        return [row.func() for row in OrmQ.objects.order_by("pk")]

    def run(self, *, most: int = 50) -> int:
        """Run the waiting jobs, and those that they bring, as a worker would; return how many. Errors are raised."""
        done = 0
        while done < most and (row := OrmQ.objects.order_by("pk").first()):
            task = row.task
            row.delete()
            module, _, name = task["func"].rpartition(".")
            getattr(import_module(module), name)(*task["args"])
            done += 1
        return done

    def clear(self) -> None:
        """Lose all waiting jobs, as a broken queue would."""
        OrmQ.objects.all().delete()
