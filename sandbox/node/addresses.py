"""The addresses of the pods of a node."""


class AddressPool:
    """Gives each pod an address of the node's own; the first belongs to the node itself."""

    def __init__(self, network: str) -> None:
        self.node = f"{network}.1"
        self._free = [f"{network}.{number}" for number in range(2, 255)]
        self._taken: set[str] = set()

    def take(self, wanted: str | None = None) -> str:
        """Return the wanted address if it is free, else the one that was free the longest.

        RuntimeError when none is left, which the number of pods a node allows prevents.
        """
        if not self._free:
            raise RuntimeError("the node has no address left for another pod")
        chosen = wanted if wanted in self._free else self._free[0]
        self._free.remove(chosen)
        self._taken.add(chosen)
        return chosen

    def give_back(self, address: str) -> None:
        """Take an address back from a pod that is gone."""
        if address in self._taken:
            self._taken.remove(address)
            self._free.append(address)
