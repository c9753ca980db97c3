using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Ingest.Core.Pool.Delta;

/// <summary>
/// XXH128 of actions, in order: the same whoever encodes them in a checkpoint. Of a file all that a checkpoint keeps, each text with its length before it; of other actions, which are few, their lines.
/// </summary>
internal sealed class ActionsHash
{
    /// <summary>Bytes that are hashed at a time.</summary>
    private const int PieceBytes = 64 << 10;

    private readonly XxHash128 _hash = new();
    private readonly ArrayBufferWriter<byte> _piece = new(PieceBytes);

    public UInt128 Value => _hash.GetCurrentHashAsUInt128();

    public void Add(IReadOnlyList<LogAction> actions)
    {
        foreach (var action in actions)
        {
            if (action is LogAction.Add add) Write(add);
            else _piece.Write(LogJson.Write([action]));
            if (_piece.WrittenCount >= PieceBytes) Flush();
        }

        Flush();
    }

    private void Write(LogAction.Add add)
    {
        Write(add.PathAsLogged ?? LogPath.Encode(add.Path));
        Write(add.PartitionValues.Count);
        foreach (var (name, value) in add.PartitionValues)
        {
            Write(name);
            Write(value);
        }

        Write(add.Size);
        Write(add.ModificationTime);
        Write(add.DataChange ? 1 : 0);
        Write(add.Tags.Count);
        foreach (var (name, value) in add.Tags)
        {
            Write(name);
            Write(value);
        }

        Write(add.Stats);
    }

    private void Write(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_piece.GetSpan(sizeof(long)), number);
        _piece.Advance(sizeof(long));
    }

    private void Write(string? text)
    {
        Write(text?.Length ?? -1);
        _piece.Write(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private void Flush()
    {
        _hash.Append(_piece.WrittenSpan);
        _piece.ResetWrittenCount();
    }
}
