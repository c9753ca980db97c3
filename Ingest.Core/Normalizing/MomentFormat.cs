using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>One way to write a date or time. Four kinds: ISO 8601, seconds or milliseconds since 1970, a compiled .NET format, any other .NET format.</summary>
internal abstract class MomentFormat
{
    public abstract ReasonCode Read(ReadOnlySpan<byte> text, out Moment moment);

    /// <param name="format">As in the contract: <c>iso</c>, <c>epoch_s</c>, <c>epoch_ms</c> or a .NET custom format.</param>
    public static MomentFormat Create(string format) => format switch
    {
        "iso" => new IsoFormat(),
        "epoch_s" => new EpochFormat(secondsPower: 0),
        "epoch_ms" => new EpochFormat(secondsPower: -3),
        _ => CompiledFormat.TryCompile(format, out var compiled) ? compiled : new FrameworkFormat(format),
    };

    /// <summary>Tries the formats in order. When none fits, out of range wins over mismatch: some format did understand the text.</summary>
    public static ReasonCode Read(MomentFormat[] formats, ReadOnlySpan<byte> text, out Moment moment)
    {
        moment = default;
        var worst = ReasonCode.TypeMismatch;
        foreach (var format in formats)
        {
            var reason = format.Read(text, out moment);
            if (reason == ReasonCode.None) return ReasonCode.None;
            if (reason == ReasonCode.OutOfRange) worst = reason;
        }

        return worst;
    }
}
