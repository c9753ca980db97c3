namespace Ingest.Core.Stores;

/// <summary>When and how an object goes up in parts. Immutable.</summary>
public sealed record PartOptions
{
    /// <summary>Larger objects are uploaded in parts. At least <see cref="Bytes"/>.</summary>
    public int FromBytes { get; init; } = 64 << 20;

    /// <summary>Size of a part; 5 MiB is the least that S3 takes.</summary>
    public int Bytes { get; init; } = 16 << 20;

    /// <summary>Parts of one object on their way at a time.</summary>
    public int AtOnce { get; init; } = 4;

    /// <summary>Sends content part by part, straight from the caller's memory; the answers stand in the parts' order.</summary>
    /// <param name="send">Gets a part's number, from 0 on, and its bytes.</param>
    internal async ValueTask<T[]> SendAsync<T>(ReadOnlyMemory<byte> content, Func<int, ReadOnlyMemory<byte>, CancellationToken, Task<T>> send, CancellationToken cancellation)
    {
        var answers = new T[(content.Length + Bytes - 1) / Bytes];
        await Parallel.ForAsync(0, answers.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation },
            async (i, token) => answers[i] = await send(i, content.Slice(i * Bytes, Math.Min(Bytes, content.Length - (i * Bytes))), token));
        return answers;
    }
}
