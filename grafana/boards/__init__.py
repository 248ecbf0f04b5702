"""The boards, from general to specific; each module writes one of them with `made`."""

from boards import compare, component, data, exporter, model, models, quality

MADE = {
    "models": models.made,
    "model": model.made,
    "data": data.made,
    "component": component.made,
    "quality": quality.made,
    "compare": compare.made,
    "exporter": exporter.made,
}
