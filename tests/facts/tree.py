"""A file system and a git that exist only in a table, for facts about paths no test may touch."""

import os

from gatesh.model import Extent


class TreeFiles:
    """Files as the protocol says, from lines such as `/a/file`, `/a/empty 0`, `/folder/`, `/link -> /target`."""

    def __init__(self, lines):
        self.links, self.sizes, self.folders = {}, {}, {"/"}
        for line in lines:
            path, arrow, target = line.partition(" -> ")
            path, _, size = path.partition(" ")
            if arrow:
                self.links[path] = target
            elif path.endswith("/"):
                self.folders.add(path.rstrip("/"))
            else:
                self.sizes[path] = int(size or 10)
            while (path := os.path.dirname(path.rstrip("/"))) != "/":
                self.folders.add(path)

    mounted = ""

    def read(self, path, limit):
        return None

    def head(self, path, limit):
        return b""

    def mountinfo(self):
        return self.mounted

    def kind(self, path):
        folder = self.real(os.path.dirname(path))
        path = os.path.normpath(os.path.join(folder, os.path.basename(path)))
        if path in self.links:
            return "link"
        if path in self.folders:
            return "directory"
        return "file" if path in self.sizes else "missing"

    def real(self, path):
        done = "/"
        for part in path.split("/"):
            done = os.path.normpath(os.path.join(done, part)) if part else done
            done = self.links.get(done, done)
        return done

    def names(self, path, limit):
        path = self.real(path)
        if path not in self.folders:
            return None
        every = [*self.links, *self.sizes, *(self.folders - {"/"})]
        names = sorted(os.path.basename(p) for p in every if os.path.dirname(p) == path)
        return names if len(names) <= limit else None

    def size(self, path):
        return self.sizes.get(self.real(path), 0)


class TreeProbe:
    """git, which knows what the table says."""

    def __init__(self, files, recoverable, derived):
        self.files = files
        self.known = dict.fromkeys(recoverable, Extent.RECOVERABLE)
        self.known |= dict.fromkeys(derived, Extent.DERIVED)

    def git_extent(self, path):
        return self.known.get(path, Extent.LOSABLE)

    def git_extents(self, paths):
        return tuple(map(self.git_extent, paths))

    def git_edits(self, path):
        return self.git_extent(path)

    def repository(self, path):
        while f"{path}/.git" not in self.files.folders:
            if path == "/":
                return ""
            path = os.path.dirname(path)
        return path
