"""Pictures of nodes, drawn again only when what they show has changed, so that scrolling moves pixels."""

from __future__ import annotations

from datetime import tzinfo

from PyQt6.QtCore import QRectF, QSizeF, Qt
from PyQt6.QtGui import QPainter, QPixmap

from asyncluster.console.parts.tiles import Pose, TilePainter
from asyncluster.console.state import nodes, words
from asyncluster.console.state.floor import Level
from asyncluster.core.qt.theme import Theme
from asyncluster.core.wire.feed import CoresRow, NodeRow, RowId

_MOST = 1500
_STRIP_POSES = {state: Pose(NodeRow("", state, 0.0, 1), None, 0) for state in words.STATE_WORDS}


class Pictures:
    """The pictures of one room at one level."""

    def __init__(self) -> None:
        self._kept: dict[RowId, tuple[Pose, QPixmap]] = {}

    def forget(self, names: frozenset[RowId] | None = None) -> None:
        """These nodes are gone; None: everything looks different."""
        if names is None:
            self._kept.clear()
        else:
            for name in names:
                self._kept.pop(name, None)

    def of(
        self,
        node: NodeRow,
        cores: CoresRow | None,
        level: Level,
        size: QSizeF,
        ratio: float,
        theme: Theme,
        now: float,
        zone: tzinfo | None,
    ) -> QPixmap:
        """The picture of a node; in strips, all nodes of a state look the same."""
        name: RowId = node.name
        if level is Level.STRIP:
            name, pose = node.state, _STRIP_POSES[node.state]
        else:
            known = level is Level.TILE and cores is not None
            shown = tuple(nodes.cores_of(cores, person=bool(node.person))) if known and cores else None
            pose = Pose(node, shown, int(now // 60))
        kept = self._kept.get(name)
        if kept is not None and kept[0] == pose and kept[1].deviceIndependentSize() == size:
            return kept[1]
        picture = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        brush = TilePainter(painter, theme, now, zone)
        draw = {Level.TILE: brush.tile, Level.BRICK: brush.brick, Level.STRIP: brush.strip}[level]
        draw(QRectF(0, 0, size.width(), size.height()), pose)
        painter.end()
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[name] = pose, picture
        return picture
