using System.Net;
using Amazon.Runtime;

namespace Ingest.Core.Stores.S3;

/// <summary>What S3's answers, or their absence, allow a caller to do next.</summary>
internal static class S3Faults
{
    public static ServiceFaults Rules { get; } = new()
    {
        IsOne = IsOne,
        IsMissing = IsMissing,
        IsTaken = IsTaken,
        Kind = Kind,
        Reason = Reason,
        WhenDenied = refused => IsBucketMissing(refused)
            ? "Make the bucket, or correct the pool's address"
            : "Give the worker credentials with the rights to list the bucket and to get, put and delete its objects (without the right to list, S3 answers 403 for what does not exist)",
    };

    public static bool IsOne(Exception exception) =>
        exception is AmazonServiceException or AmazonClientException or HttpRequestException or IOException and not StoreException;

    public static bool IsMissing(Exception exception) =>
        exception is AmazonServiceException { StatusCode: HttpStatusCode.NotFound } && !IsBucketMissing(exception);

    private static bool IsBucketMissing(Exception exception) => exception is AmazonServiceException { ErrorCode: "NoSuchBucket" };

    private static bool IsTaken(Exception exception) => exception is AmazonServiceException refused
        && (refused.StatusCode == HttpStatusCode.PreconditionFailed || (refused.StatusCode == HttpStatusCode.Conflict && refused.ErrorCode == "FileAlreadyExists"));

    private static StoreFault Kind(Exception exception, StoreFault silence) => exception switch
    {
        _ when IsBucketMissing(exception) => StoreFault.Denied,
        AmazonServiceException { ErrorCode: "QuotaExceeded" } => StoreFault.Full,
        AmazonServiceException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed } => StoreFault.Denied,
        AmazonServiceException { StatusCode: HttpStatusCode.InsufficientStorage } => StoreFault.Full,

        // Answered before anything was done: throttled, in conflict with another request, or not understood.
        AmazonServiceException { StatusCode: HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests } => StoreFault.Transient,
        AmazonServiceException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError } => StoreFault.Transient,
        AmazonServiceException => silence,

        // No credentials, no region: nothing left the machine.
        AmazonClientException { InnerException: null } => StoreFault.Denied,
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } => StoreFault.Transient,
        _ => silence,
    };

    private static string Reason(Exception exception) => exception is AmazonServiceException { ErrorCode.Length: > 0 } answer
        ? $"{(int)answer.StatusCode} {answer.ErrorCode}{(answer.Message.Length > 0 ? $": {answer.Message}" : "")}"
        : exception.InnerException is { } inner && inner.Message != exception.Message ? $"{exception.Message} ({inner.Message})" : exception.Message;
}
