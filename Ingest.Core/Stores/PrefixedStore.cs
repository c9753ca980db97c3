using System.Runtime.CompilerServices;

namespace Ingest.Core.Stores;

/// <summary>The part of a store whose names start with a prefix, as a store of its own: a table's view of the pool.</summary>
public sealed class PrefixedStore : IObjectStore
{
    private readonly IObjectStore _inner;
    private readonly string _prefix;

    /// <param name="inner">The whole store.</param>
    /// <param name="prefix">A folder's name; the '/' at its end may be left out.</param>
    public PrefixedStore(IObjectStore inner, string prefix)
    {
        ObjectName.Check(prefix.TrimEnd('/'));
        _inner = inner;
        _prefix = prefix.TrimEnd('/') + "/";
    }

    public int CallsAtOnce => _inner.CallsAtOnce;

    /// <summary>A name as the whole store has it, for messages.</summary>
    internal static string FullName(IObjectStore store, string name) => store is PrefixedStore part ? FullName(part._inner, part.Full(name)) : name;

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        _inner.CreateAsync(Full(name), content, cancellation);

    public ValueTask<CreateOutcome> CreateUniqueAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        _inner.CreateUniqueAsync(Full(name), content, cancellation);

    public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
        _inner.ReplaceAsync(Full(name), content, cancellation);

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => _inner.ReadAsync(Full(name), cancellation);

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation) =>
        _inner.CopyToAsync(Full(name), destination, cancellation);

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => _inner.SizeAsync(Full(name), cancellation);

    public async IAsyncEnumerable<StoredObject> ListAsync(
        string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        ObjectName.CheckPrefix(prefix);
        var all = _inner.ListAsync(_prefix + prefix, after is null ? null : _prefix + after, cancellation);
        await foreach (var found in all)
        {
            yield return found with { Name = found.Name[_prefix.Length..] };
        }
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellation) => _inner.DeleteAsync(Full(name), cancellation);

    private string Full(string name)
    {
        ObjectName.Check(name);
        return _prefix + name;
    }
}
