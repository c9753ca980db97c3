using System.Runtime.CompilerServices;
using Ingest.Core.Stores;

namespace Ingest.Tests.Simulation.Harness;

/// <summary>One process's connection to the object server.</summary>
/// <param name="sending">Told what is about to be created.</param>
internal sealed class StoreClient(ObjectServer server, Action<string, byte[]>? sending = null) : IObjectStore
{
    public int CallsAtOnce => 4;

    private static readonly DateTimeOffset s_epoch = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        // Copied when it is sent: the buffer is the caller's again afterwards, however late the request arrives.
        var sent = content.ToArray();
        sending?.Invoke(name, sent);
        return new(server.SendAsync(StoreCall.Create, name, torn => server.Create(name, sent, torn), cancellation));
    }

    public async ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        var sent = content.ToArray();
        await server.SendAsync(StoreCall.Replace, name, torn => server.Replace(name, sent, torn), cancellation);
    }

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => new(server.SendAsync(StoreCall.Read, name, _ => server.Read(name), cancellation));

    public async ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        if (await ReadAsync(name, cancellation) is not { } content) return false;
        destination.Write(content);
        return true;
    }

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => new(server.SendAsync(StoreCall.Size, name, _ => server.Read(name)?.LongLength, cancellation));

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var found in await server.SendAsync(StoreCall.List, prefix, _ => server.List(prefix, after, s_epoch), cancellation)) yield return found;
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellation) =>
        await server.SendAsync(StoreCall.Delete, name, _ => server.Delete(name), cancellation);
}

/// <summary>What the server holds, at once and without faults: how the oracle sees it.</summary>
internal sealed class PlainView(ObjectServer server, string folder) : IObjectStore
{
    private static readonly DateTimeOffset s_epoch = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public ValueTask<CreateOutcome> CreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => throw new NotSupportedException("The oracle only reads.");

    public ValueTask ReplaceAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => throw new NotSupportedException("The oracle only reads.");

    public ValueTask DeleteAsync(string name, CancellationToken cancellation) => throw new NotSupportedException("The oracle only reads.");

    public ValueTask<byte[]?> ReadAsync(string name, CancellationToken cancellation) => new(server.Read(folder + name));

    public ValueTask<bool> CopyToAsync(string name, Stream destination, CancellationToken cancellation)
    {
        if (server.Read(folder + name) is not { } content) return new(false);
        destination.Write(content);
        return new(true);
    }

    public ValueTask<long?> SizeAsync(string name, CancellationToken cancellation) => new(server.Read(folder + name)?.LongLength);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await ValueTask.CompletedTask;
        foreach (var found in server.List(folder + prefix, after is null ? null : folder + after, s_epoch)) yield return found with { Name = found.Name[folder.Length..] };
    }
}
