using Ingest.Core.Transfers;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>What a record is meant to become.</summary>
internal enum RecordKind
{
    /// <summary>A row of <c>events</c>, unless an equal one is there.</summary>
    Event,

    /// <summary>A row of <c>licences</c>, unless its identity is there: then a duplicate or a conflict.</summary>
    Licence,

    /// <summary>Refused on behalf of <c>events</c>: a value of the wrong type.</summary>
    BadEvent,

    /// <summary>Refused on behalf of <c>licences</c>: a required value is missing.</summary>
    BadLicence,

    /// <summary>Refused on nobody's behalf: no contract wants it.</summary>
    Unknown,

    /// <summary>A whole transfer that is not JSON; its position is -1.</summary>
    Malformed,
}

/// <summary>One record as it was published.</summary>
/// <param name="Key">Events: all of the content but the value. Licences: the identity.</param>
/// <param name="Content">The rest, as text.</param>
internal sealed record PublishedRecord(RecordKind Kind, string Key, string Content);

/// <summary>Where a record lies.</summary>
internal readonly record struct Place(TopicPartition Source, long Offset, int Position)
{
    public override string ToString() => $"{Source}@{Offset}/{Position}";
}

/// <summary>Everything that was ever published, by place: what the oracle holds the tables against.</summary>
internal sealed class Truth
{
    private readonly SortedDictionary<string, List<(long Offset, PublishedRecord[] Records)>> _transfers = new(StringComparer.Ordinal);
    private readonly Dictionary<Place, PublishedRecord> _records = [];

    public int Transfers { get; private set; }

    public IReadOnlyDictionary<Place, PublishedRecord> Records => _records;

    public void Add(TopicPartition source, long offset, PublishedRecord[] records)
    {
        if (!_transfers.TryGetValue(source.ToString(), out var list)) _transfers[source.ToString()] = list = [];
        list.Add((offset, records));
        for (var i = 0; i < records.Length; i++) _records[new Place(source, offset, PositionOf(records, i))] = records[i];
        Transfers++;
    }

    /// <summary>The records in a range of offsets, in order.</summary>
    public IEnumerable<(Place Place, PublishedRecord Record)> In(TopicPartition source, long from, long to)
    {
        if (!_transfers.TryGetValue(source.ToString(), out var list)) yield break;
        foreach (var (offset, records) in list)
        {
            if (offset < from || offset >= to) continue;
            for (var i = 0; i < records.Length; i++) yield return (new Place(source, offset, PositionOf(records, i)), records[i]);
        }
    }

    private static int PositionOf(PublishedRecord[] records, int index) => records[index].Kind == RecordKind.Malformed ? -1 : index;
}
