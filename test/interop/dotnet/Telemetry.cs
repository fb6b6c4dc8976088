using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Interop;

/// <summary>What the server tells those who listen to its meters and activities, as JSON: a test compares it with ours.</summary>
public static class Telemetry
{
    private const string Hubs = "Microsoft.AspNetCore.SignalR.Server";
    private const string Connections = "Microsoft.AspNetCore.Http.Connections";
    private static readonly ConcurrentQueue<object> Measurements = new();
    private static readonly ConcurrentQueue<object> Spans = new();

    public static void Listen()
    {
        var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == Connections)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        meters.Start();
        ActivitySource.AddActivityListener(new ActivityListener
        {
            // The HTTP server's own are what the hub's have as parents and links.
            ShouldListenTo = source => source.Name is Hubs or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Record,
        });
    }

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/telemetry", () => new { metrics = Measurements.ToArray(), spans = Spans.ToArray() });

    private static void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        Measurements.Enqueue(new
        {
            name = instrument.Name,
            kind = instrument.GetType().Name.Split('`')[0],
            unit = instrument.Unit,
            description = instrument.Description,
            buckets = (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries,
            value,
            tags = new Dictionary<string, object?>(tags.ToArray()),
        });

    private static void Record(Activity activity)
    {
        Spans.Enqueue(new
        {
            source = activity.Source.Name,
            name = activity.DisplayName,
            kind = activity.Kind.ToString(),
            status = activity.Status.ToString(),
            traceId = activity.TraceId.ToString(),
            spanId = activity.SpanId.ToString(),
            parentId = activity.ParentSpanId.ToString(),
            links = activity.Links.Select(link => link.Context.SpanId.ToString()).ToArray(),
            tags = activity.TagObjects.ToDictionary(tag => tag.Key, tag => tag.Value?.ToString()),
            baggage = activity.Baggage.ToDictionary(item => item.Key, item => item.Value),
        });
    }
}
