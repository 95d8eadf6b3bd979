import { useCallback, useEffect, useRef, useState, type PointerEvent } from 'react';

export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly k: number;
}

const LEAST = 0.25;
const MOST = 2;
const clamp = (k: number): number => Math.min(MOST, Math.max(LEAST, k));

export interface PanZoom {
  readonly camera: Camera;
  readonly zoom: (factor: number) => void;
  readonly pan: (dx: number, dy: number) => void;
  readonly setCamera: (camera: Camera) => void;
  readonly drag: {
    readonly onPointerDown: (event: PointerEvent<SVGSVGElement>) => void;
    readonly onPointerMove: (event: PointerEvent<SVGSVGElement>) => void;
    readonly onPointerUp: (event: PointerEvent<SVGSVGElement>) => void;
  };
  readonly ref: (element: SVGSVGElement | null) => void;
}

/** A drawing that can be dragged and zoomed: drag, Ctrl or ⌘ with the wheel, a pinch; the plain wheel scrolls the page. */
export function usePanZoom(width: number, height: number, first: Camera): PanZoom {
  const [camera, setCamera] = useState(first);
  const held = useRef<{ x: number; y: number; moved: boolean }>(undefined);
  const [svg, setSvg] = useState<SVGSVGElement | null>(null);
  const zoomAt = useCallback((factor: number, x: number, y: number) => {
    setCamera((was) => {
      const k = clamp(was.k * factor);
      return { k, x: x - ((x - was.x) / was.k) * k, y: y - ((y - was.y) / was.k) * k };
    });
  }, []);
  useEffect(() => {
    if (svg === null) return;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      zoomAt(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    };
    // React's own listener is passive and could not keep the page from zooming.
    svg.addEventListener('wheel', onWheel, { passive: false });
    return () => svg.removeEventListener('wheel', onWheel);
  }, [svg, zoomAt]);
  return {
    camera,
    setCamera,
    zoom: (factor) => zoomAt(factor, width / 2, height / 2),
    pan: (dx, dy) => setCamera((was) => ({ ...was, x: was.x + dx, y: was.y + dy })),
    ref: setSvg,
    drag: {
      onPointerDown: (event) => {
        if (event.button === 0) held.current = { x: event.clientX, y: event.clientY, moved: false };
      },
      onPointerMove: (event) => {
        const from = held.current;
        if (from === undefined || event.buttons === 0) return;
        const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
        if (!from.moved && Math.hypot(dx, dy) < 4) return;
        if (!from.moved) event.currentTarget.setPointerCapture(event.pointerId);
        held.current = { x: event.clientX, y: event.clientY, moved: true };
        setCamera((was) => ({ ...was, x: was.x + dx, y: was.y + dy }));
      },
      onPointerUp: () => {
        held.current = undefined;
      },
    },
  };
}
