namespace Ingest.Core.Deduplicating.Index;

/// <summary>Every size and limit of the index in one place. Shrunk in Debug builds, so that ordinary tests cross each boundary.</summary>
/// <remarks>None of them is part of the format: a run says its own block size, and readers go by that.</remarks>
internal static class IndexSizes
{
#if DEBUG
    /// <summary>Bytes of a page of a run.</summary>
    public const int BlockBytes = 256;

    /// <summary>Runs smaller than this are held in memory while <see cref="RecentKeysMax"/> allows it; larger ones are mapped.</summary>
    public const int RecentRunKeysMax = 64;

    /// <summary>Keys of small runs held in memory, in all; above it small runs are mapped like large ones.</summary>
    public const int RecentKeysMax = 512;

    /// <summary>Runs from this size on carry a filter.</summary>
    public const int FilterKeysMin = 64;

    /// <summary>Runs smaller than this have filters of twice the size.</summary>
    public const int WideFilterKeysMax = 128;

    /// <summary>Runs of fewer keys than this times <see cref="MergeRuns"/> are tier 0; each tier is <see cref="MergeRuns"/> times the one below.</summary>
    public const int TierKeys = 2;

    /// <summary>Keys looked up together.</summary>
    public const int ProbeKeysMax = 64;

    /// <summary>Smaller run files are read instead of mapped.</summary>
    public const int MappedBytesMin = 1024;

    /// <summary>Largest object of the store; longer runs are stored as numbered parts.</summary>
    public const int PartBytes = 8192;

    /// <summary>Sorted files merged into one when an index is rebuilt.</summary>
    public const int SortFanIn = 3;
#else
    /// <summary>Bytes of a page of a run: a page of the operating system, so that a lookup reads one.</summary>
    public const int BlockBytes = 4096;

    /// <summary>Runs smaller than this are held in memory while <see cref="RecentKeysMax"/> allows it; larger ones are mapped.</summary>
    public const int RecentRunKeysMax = FilterKeysMin;

    /// <summary>Keys of small runs held in memory, in all; above it small runs are mapped like large ones. 2^19 slots of 20 bytes (10 MiB), or of 36 with contents (18 MiB).</summary>
    public const int RecentKeysMax = 320_000;

    /// <summary>Runs from this size on carry a filter.</summary>
    public const int FilterKeysMin = 16_384;

    /// <summary>Runs smaller than this have filters of twice the size: most lookups ask these, and few of a large table's keys are in them.</summary>
    public const int WideFilterKeysMax = 1 << 23;

    /// <summary>Runs of fewer keys than this times <see cref="MergeRuns"/> are tier 0; each tier is <see cref="MergeRuns"/> times the one below.</summary>
    public const int TierKeys = 1;

    /// <summary>Keys looked up together.</summary>
    public const int ProbeKeysMax = 65_536;

    /// <summary>Smaller run files, of a few thousand keys, as most commits make them, are read instead of mapped: that costs less than to map and unmap them.</summary>
    public const int MappedBytesMin = 1 << 16;

    /// <summary>Largest object of the store; longer runs are stored as numbered parts. Below 2 GiB, what one memory can span.</summary>
    public const int PartBytes = 1 << 30;

    /// <summary>Sorted files merged into one when an index is rebuilt: of a million keys each, a thousand million after two merges.</summary>
    public const int SortFanIn = 32;
#endif

    /// <summary>Runs of a tier that are merged into one of the next.</summary>
    public const int MergeRuns = 8;

    /// <summary>Runs merged at once when merging fell behind.</summary>
    public const int MergeRunsMax = 16;

    /// <summary>Highest tier whose runs are merged; those of the next, of a thousand million keys and more, stay as they are.</summary>
    public const int MergedTierMax = 9;

    /// <summary>Keys that one merge takes at most.</summary>
    public const long MergedKeysMax = 1L << 32;

    /// <summary>Bytes of keys that a merge writes a second while ingest goes on: six times what a million new records a second would need in the first tier.</summary>
    public const long MergeBytesPerSecond = 96 << 20;

    /// <summary>Keys a filter word of 64 bits stands for: 6.4 bits a key, which with the rest stays below 17 bytes a key on disk. One unknown key in sixteen passes.</summary>
    public const int FilterKeysPerWord = 10;

    /// <summary>The same in runs of fewer than <see cref="WideFilterKeysMax"/> keys: 12.8 bits a key. One unknown key in eighty passes.</summary>
    public const int WideFilterKeysPerWord = 5;
}
