using Ingest.Core.Batching;
using Ingest.Core.Decoding;
using Ingest.Core.Flow.Runtime;
using Ingest.Core.Pool.Sealing;
using Ingest.Core.Stores;
using Ingest.Core.Stores.AzureBlobs;
using Ingest.Core.Stores.S3;
using Ingest.Core.Transfers.Kafka;
using Microsoft.Extensions.Configuration;

namespace Ingest.Worker.Configuration;

/// <summary>Everything that the settings say, checked as a whole and turned into each stage's options.</summary>
internal sealed record WorkerOptions(IngestSettings Settings, long BudgetBytes, EngineOptions Engine, KafkaOptions Kafka, PoolAddress Pool, StoreOptions Store, StoreRetryOptions Retry);

/// <summary>Reads and checks the settings; reports every error at once, each with the name of the setting and what would be right.</summary>
internal static class SettingsReader
{
    /// <summary>Appsettings of the program, then of the current folder, then environment, then command line; later wins.</summary>
    public static IConfigurationRoot Configuration(IReadOnlyList<string> arguments)
    {
        var builder = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddJsonFile(Path.Combine(Directory.GetCurrentDirectory(), "appsettings.json"), optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine([.. arguments]);
        return builder.Build();
    }

    public static WorkerOptions? Read(IConfigurationRoot configuration, bool untilCaughtUp, ICollection<string> errors)
    {
        var settings = SettingsBinder.Bind(configuration, errors);
        var budget = Bytes(settings.Memory.Budget, "Ingest:Memory:Budget", 64L << 20, errors);
        var flushBytes = Bytes(settings.Batching.FlushBytes, "Ingest:Batching:FlushBytes", 1L << 20, errors);
        var transferBytes = Bytes(settings.Limits.TransferBytesMax, "Ingest:Limits:TransferBytesMax", 1L << 10, errors);
        var recordBytes = Bytes(settings.Limits.RecordBytesMax, "Ingest:Limits:RecordBytesMax", 1L << 10, errors);
        var prefetch = budget / 16;
        if (string.IsNullOrWhiteSpace(settings.Kafka.BootstrapServers))
            errors.Add("Ingest:Kafka:BootstrapServers is not set. Give the brokers, for example Ingest__Kafka__BootstrapServers=kafka-1:9092,kafka-2:9092 in the environment.");
        if (string.IsNullOrWhiteSpace(settings.Kafka.Source) || settings.Kafka.Source.Contains('/', StringComparison.Ordinal))
            errors.Add($"Ingest:Kafka:Source is '{settings.Kafka.Source}'. Give a short name without '/'.");
        if (settings.Batching.FlushAfter <= TimeSpan.Zero)
            errors.Add($"Ingest:Batching:FlushAfter is {settings.Batching.FlushAfter}. Give a time above zero, such as 00:00:02.");
        if (settings.Batching.FlushRows < 1) errors.Add($"Ingest:Batching:FlushRows is {settings.Batching.FlushRows}. Give at least 1.");
        if (settings.Table.CheckpointInterval < 1) errors.Add($"Ingest:Table:CheckpointInterval is {settings.Table.CheckpointInterval}. Give at least 1.");
        var sealing = Sealing(settings.Sealing, errors);
        if (settings.Housekeeping.Interval <= TimeSpan.Zero) errors.Add($"Ingest:Housekeeping:Interval is {settings.Housekeeping.Interval}. Give a time above zero, such as 00:00:30.");
        if (settings.Housekeeping.FileRetention < Core.Pool.Housekeeping.Vacuum.RetentionMin)
            errors.Add($"Ingest:Housekeeping:FileRetention is {settings.Housekeeping.FileRetention}. Give at least 7.00:00:00 (seven days): readers of older versions, and commits under way, need their files.");
        if (settings.Housekeeping.LogRetention < settings.Housekeeping.FileRetention)
            errors.Add($"Ingest:Housekeeping:LogRetention is {settings.Housekeeping.LogRetention}. Give at least Ingest:Housekeeping:FileRetention ({settings.Housekeeping.FileRetention}): the log says which files are still needed.");
        if (settings.Health.Port is < 0 or > 65535) errors.Add($"Ingest:Health:Port is {settings.Health.Port}. Give a port from 1 to 65535, or 0 for none.");
        if (errors.Count == 0 && flushBytes > budget / 2)
            errors.Add($"Ingest:Batching:FlushBytes ({settings.Batching.FlushBytes}) is more than half of Ingest:Memory:Budget ({settings.Memory.Budget}): a batch could never fill. Lower the one or raise the other.");
        var pool = Address(settings.Pool, out var noPool);
        if (noPool is not null) errors.Add($"Ingest:Pool: {noPool}");
        var store = Store(settings.Store, errors);
        if (errors.Count > 0 || pool is null) return null;

        var engine = new EngineOptions
        {
            SourceName = settings.Kafka.Source,
            StartFrom = settings.Kafka.StartFrom,
            BudgetBytes = budget - (2 * prefetch), // what the client has queued, and the answer that it is reading
            Decoding = new DecodeLimits { TransferBytesMax = (int)Math.Min(transferBytes, int.MaxValue), RecordBytesMax = (int)Math.Min(recordBytes, int.MaxValue), WeightMax = WeightMax(budget) },
            Batching = new BatchingOptions { FlushAfter = settings.Batching.FlushAfter, FlushAfterBehind = settings.Batching.FlushAfterBehind, FlushBytes = flushBytes, FlushRows = settings.Batching.FlushRows },
            IdleFlushAfter = settings.Batching.IdleFlushAfter,
            CheckpointInterval = settings.Table.CheckpointInterval,
            Housekeeping = new HousekeepingOptions
            {
                Enabled = settings.Housekeeping.Enabled,
                Sealing = sealing,
                Interval = settings.Housekeeping.Interval,
                LogRetention = settings.Housekeeping.LogRetention,
                FileRetention = settings.Housekeeping.FileRetention,
            },
            CacheFolder = settings.Table.IndexCache.Length > 0 ? settings.Table.IndexCache : Path.Combine(Path.GetTempPath(), "ingest-index"),
            UntilCaughtUp = untilCaughtUp,
        };
        var kafka = new KafkaOptions
        {
            BootstrapServers = settings.Kafka.BootstrapServers,
            GroupId = settings.Kafka.GroupId,
            Source = settings.Kafka.Source,
            Properties = settings.Kafka.Properties,
            PrefetchBytes = prefetch,
        };
        var retry = new StoreRetryOptions { AttemptTimeout = settings.Store.AttemptTimeout, LongestDelay = settings.Store.RetryDelayMax };
        if (retry.RefusedDelay > retry.LongestDelay) retry = retry with { RefusedDelay = retry.LongestDelay };
        return new WorkerOptions(settings, budget, engine, kafka, pool, store, retry);
    }

    /// <summary>The pool's address and how to open it, for commands that need nothing else; null when an error was added.</summary>
    public static (PoolAddress Address, StoreOptions Options)? Pool(string? pool, ICollection<string> errors)
    {
        var before = errors.Count;
        var settings = SettingsBinder.Bind(Configuration([]), errors);
        var address = Address(pool ?? settings.Pool, out var error);
        if (error is not null) errors.Add(error);
        var options = Store(settings.Store, errors);
        return address is null || errors.Count > before ? null : (address, options);
    }

    private static PoolAddress? Address(string text, out string? error)
    {
        var address = PoolAddress.Parse(text, out error);
        if (address is PoolAddress.Folder folder && File.Exists(folder.Root)) error = $"{folder.Root} is a file, and a pool is a folder.";
        return error is null ? address : null;
    }

    private static StoreOptions Store(StoreSettings settings, ICollection<string> errors)
    {
        foreach (var (name, url) in new[] { ("S3", settings.S3.Endpoint), ("Azure", settings.Azure.Endpoint) })
        {
            if (url.Length > 0 && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
                errors.Add($"Ingest:Store:{name}:Endpoint is '{url}'. Give a URL such as https://storage.example.org:9000.");
        }

        return new StoreOptions
        {
            SingleWriter = settings.SingleWriter,
            S3 = new S3Options
            {
                Endpoint = settings.S3.Endpoint,
                Region = settings.S3.Region,
                Addressing = settings.S3.Addressing,
                Checksum = settings.S3.Checksum,
                Condition = settings.S3.Condition,
            },
            Azure = new AzureOptions { Account = settings.Azure.Account, Endpoint = settings.Azure.Endpoint },
        };
    }

    /// <summary>The settings of sealing alone, for a command that needs no Kafka.</summary>
    public static SealingOptions? Sealing(IConfigurationRoot configuration, ICollection<string> errors)
    {
        var before = errors.Count;
        var sealing = Sealing(SettingsBinder.Bind(configuration, errors).Sealing, errors);
        return errors.Count > before ? null : sealing;
    }

    private static SealingOptions Sealing(SealingSettings settings, ICollection<string> errors)
    {
        if (settings.QuietAfter <= TimeSpan.Zero) errors.Add($"Ingest:Sealing:QuietAfter is {settings.QuietAfter}. Give a time above zero, such as 01:00:00.");
        if (settings.MergeFiles < 2) errors.Add($"Ingest:Sealing:MergeFiles is {settings.MergeFiles}. Give at least 2.");
        var target = Bytes(settings.TargetBytes, "Ingest:Sealing:TargetBytes", 1L << 20, errors);
        if (target > 768L << 20) errors.Add($"Ingest:Sealing:TargetBytes is '{settings.TargetBytes}'. Give at most 768MiB: a sealed file may be twice as large, and must stay below 2 GiB.");
        return new SealingOptions
        {
            TargetBytes = target,
            QuietAfter = settings.QuietAfter,
            MergeFiles = settings.MergeFiles,
            MemoryBytes = Bytes(settings.Memory, "Ingest:Sealing:Memory", 8L << 20, errors),
        };
    }

    /// <summary>The limits alone, for commands that need no broker; what is unreadable is the default.</summary>
    public static DecodeLimits Limits(IConfiguration configuration)
    {
        var defaults = new DecodeLimits();
        int Of(string name, int otherwise) => configuration[$"Ingest:Limits:{name}"] is { } text && ByteSize.TryParse(text, out var bytes) ? (int)Math.Min(bytes, int.MaxValue) : otherwise;
        return new DecodeLimits
        {
            TransferBytesMax = Of(nameof(DecodeLimits.TransferBytesMax), defaults.TransferBytesMax),
            RecordBytesMax = Of(nameof(DecodeLimits.RecordBytesMax), defaults.RecordBytesMax),
            WeightMax = configuration["Ingest:Memory:Budget"] is { } budget && ByteSize.TryParse(budget, out var bytes) ? WeightMax(bytes) : defaults.WeightMax,
        };
    }

    /// <summary>
    /// What one transfer may weigh: half of the default budget, for the batch that it goes to and the one before it, which is being committed, need room, too. Of a small budget more: there is always <see cref="Hosting.HeapLimit.MarginBytes"/> beside it.
    /// </summary>
    private static long WeightMax(long budget) => (budget / 4) + (128L << 20);

    private static long Bytes(string text, string name, long atLeast, ICollection<string> errors)
    {
        if (ByteSize.TryParse(text, out var bytes) && bytes >= atLeast) return bytes;
        errors.Add($"{name} is '{text}'. Give a size of at least {atLeast >> 10} KiB, such as 64MiB.");
        return atLeast;
    }
}
