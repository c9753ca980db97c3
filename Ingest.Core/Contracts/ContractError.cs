namespace Ingest.Core.Contracts;

/// <summary>Something wrong in a contract: where, what, and what would be right.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
public sealed record ContractError(string File, int Line, int Column, string Message, string Remedy)
{
    public override string ToString() => $"{File}:{Line}:{Column}: {Message} {Remedy}";
}
