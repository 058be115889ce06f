"""Follows a collection of the API server, whatever happens to the connection."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from sandbox.kube_api import ApiError, KubeApi

Object = dict[str, Any]

_log = logging.getLogger(__name__)
_WATCH_SECONDS = 300
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


class Informer:
    """Reports every object of a collection: first those that are there, then each change.

    The callbacks run in the event loop: ``changed(object)``, also for an object that is new, and
    ``gone(object)``. ``listed()`` follows each full list. After a lost connection the collection
    is listed again, and what differs from before is reported.
    """

    def __init__(
        self,
        api: KubeApi,
        path: str,
        changed: Callable[[Object], None],
        gone: Callable[[Object], None],
        listed: Callable[[], None] = lambda: None,
    ) -> None:
        self._api = api
        self._path = path
        self._changed = changed
        self._gone = gone
        self._listed = listed
        self._known: dict[str, Object] = {}
        self._loop = asyncio.get_running_loop()
        self._ended = False
        # A watch blocks its thread; as a daemon it does not keep the program from ending.
        threading.Thread(target=self._follow, name=f"watch {path}", daemon=True).start()

    def stop(self) -> None:
        """Report nothing any more."""
        self._ended = True

    def _follow(self) -> None:
        pause = _FIRST_PAUSE
        while not self._ended:
            try:
                objects, version = self._api.list_with_version(self._path)
                self._call(self._replace, objects)
                pause = _FIRST_PAUSE
                while not self._ended:
                    version = self._watch(version)
            except ApiError as error:
                if error.status == 410:  # the version is too old: list again at once
                    continue
                if error.status == 404:  # a kind whose definition is not there (yet)
                    self._call(self._replace, [])
                _log.info("watch of %s: %s", self._path, error)
            except Exception:  # whatever it is, a watch that ended would go unnoticed
                _log.exception("watch of %s", self._path)
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _watch(self, version: str) -> str:
        for kind, content in self._api.watch(self._path, version, _WATCH_SECONDS):
            version = content["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self._call(self._apply, kind, content)
        return version

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _replace(self, objects: list[Object]) -> None:
        before, self._known = self._known, {o["metadata"]["uid"]: o for o in objects}
        if self._ended:
            return
        for uid in before.keys() - self._known.keys():
            self._gone(before[uid])
        for uid, content in self._known.items():
            if content != before.get(uid):
                self._changed(content)
        self._listed()

    def _apply(self, kind: str, content: Object) -> None:
        if self._ended:
            return
        if kind == "DELETED":
            self._known.pop(content["metadata"]["uid"], None)
            self._gone(content)
        else:
            self._known[content["metadata"]["uid"]] = content
            self._changed(content)
