namespace Ingest.Core.Stores;

/// <summary>
/// Bytes at names: the second edge of the world. Names are relative, '/'-separated, without leading slash, '.' or '..' segments.
/// Nothing is ever overwritten except by <see cref="ReplaceAsync"/>. All members are thread-safe.
/// </summary>
/// <remarks>Failures are <see cref="StoreException"/>, whose <see cref="StoreException.Kind"/> says what the caller may do next.</remarks>
public interface IObjectStore
{
    /// <summary>How many calls may be on their way at a time: one a core where each holds a thread, as to a disk; more where they only wait for a network.</summary>
    int CallsAtOnce => Environment.ProcessorCount;

    /// <summary>Creates an object if its name is free, atomically and durably: readers see all of it or nothing.</summary>
    /// <exception cref="StoreException">With kind Unknown the object may or may not exist afterwards.</exception>
    /// <exception cref="OperationCanceledException">Here too the object may or may not exist afterwards.</exception>
    ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>
    /// Creates an object under a name that nobody else uses (data files, index runs). Unlike <see cref="CreateAsync"/> it may be
    /// repeated after an unclear answer, and an object that is already there with exactly this content counts as created.
    /// Never for log entries: there the name is what writers compete for, and whose entry it is must be asked of its content.
    /// </summary>
    ValueTask<CreateOutcome> CreateUniqueAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        CreateAsync(name, content, cancellation);

    /// <summary>Creates or replaces; only for hints that may be lost, such as <c>_last_checkpoint</c>.</summary>
    ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>The whole object, or null when there is none.</summary>
    ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation);

    /// <summary>Copies the object into <paramref name="destination"/>; false when there is none.</summary>
    ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation);

    /// <summary>The object's size in bytes, or null when there is none.</summary>
    ValueTask<long?> SizeAsync(string name, CancellationToken cancellation);

    /// <summary>Objects whose name starts with <paramref name="prefix"/> and sorts after <paramref name="after"/> (ordinal), in ordinal order.</summary>
    IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, CancellationToken cancellation);

    /// <summary>Deletes the object; succeeds when there is none.</summary>
    ValueTask DeleteAsync(string name, CancellationToken cancellation);
}

/// <summary>An object in a listing.</summary>
/// <param name="Name">Name relative to the store.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ModifiedAt">By the store's clock.</param>
public readonly record struct StoredObject(string Name, long Size, DateTimeOffset ModifiedAt);

/// <summary>What became of a create.</summary>
public enum CreateOutcome
{
    /// <summary>The object now exists with our content.</summary>
    Created,

    /// <summary>An object of that name was there before; nothing was changed. It may be our own, from an attempt whose answer was lost.</summary>
    AlreadyExists,
}

/// <summary>What a caller may do after a store failed.</summary>
public enum StoreFault
{
    /// <summary>Nothing happened, or a read failed; the same call may be repeated.</summary>
    Transient,

    /// <summary>A write may or may not have happened; read back before anything else.</summary>
    Unknown,

    /// <summary>The store refuses us (401, 403, read-only). Retrying helps only once somebody mends it.</summary>
    Denied,

    /// <summary>No room (ENOSPC, quota). Retrying helps only once somebody makes room.</summary>
    Full,
}

/// <summary>A store operation failed.</summary>
public sealed class StoreException(StoreFault kind, string message, Exception? inner = null) : IOException(message, inner)
{
    public StoreFault Kind { get; } = kind;

    /// <summary>It was not even tried, for the store has failed so often that it is spared for a while: no reason of its own.</summary>
    public bool IsSpared { get; init; }
}
